/** Korean: texts of the office screens. */

import type { office as english } from "../en/office";
import { agreement } from "./agreement";
import { datasets } from "./datasets";
import { modelVersions } from "./modelVersions";
import { radiographs } from "./radiographs";
import { studies } from "./studies";

export const office: typeof english = {
  radiographs,
  studies,
  agreement,
  modelVersions,
  datasets,
  cancel: "취소",
  films: (_, shown) => `영상 ${shown}건`,
  readers: (_, shown) => `판독자 ${shown}명`,
  corners: (_, shown) => `모서리 ${shown}개`,
  interval: (low, high) => `${low} ~ ${high}`,
  iccForms: {
    "ICC(1,1)": "일원 변량효과, 단일 판독자",
    "ICC(2,1)": "이원 변량효과, 절대 일치도, 단일 판독자",
    "ICC(3,1)": "이원 혼합효과, 일관성, 단일 판독자",
    "ICC(1,k)": "일원 변량효과, 판독자 k명의 평균",
    "ICC(2,k)": "이원 변량효과, 절대 일치도, 판독자 k명의 평균",
    "ICC(3,k)": "이원 혼합효과, 일관성, 판독자 k명의 평균",
  },
  duration: {
    seconds: (s) => `${s}초`,
    minutes: (m, s) => `${m}분 ${s}초`,
    hours: (h, m) => `${h}시간 ${m}분`,
  },
  regions: { C: "경추", L: "요추" },
  notGiven: "–",
  confusion: {
    grade: "등급",
    total: "전체",
    cell: (row, column, corners, share) =>
      `${row} 및 ${column} 등급인 모서리 ${corners}개: ${row} 행의 ${share}`,
    shading: "음영은 행에서 차지하는 비율입니다. 테두리를 두른 대각선이 일치한 모서리입니다.",
  },
  job: {
    states: {
      queued: "대기 중",
      running: "실행 중",
      succeeded: "완료",
      failed: "실패",
      cancelled: "취소됨",
    },
    cancel: "취소",
    stopping: "멈추는 중",
    done: (percent, message) => (message ? `${percent} 완료. ${message}` : `${percent} 완료`),
    unexplained: "이유 없이 실패했습니다. 작업자 로그를 확인하십시오.",
    unreachable: (sentence) => `${sentence} 작업은 계속되며, 이 페이지가 다시 확인합니다.`,
  },
};
