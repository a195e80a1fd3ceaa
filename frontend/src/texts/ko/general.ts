/** Korean: texts that stand on more than one page, and those of sign-in and worklist. */

import type { general as english } from "../en/general";

export const general: typeof english = {
  app: {
    name: "Syndesmo",
    subtitle: "mSASSS 판독 및 주석",
    language: "언어",
    theme: "화면 밝기",
    themes: { automatic: "자동", light: "밝게", dark: "어둡게" },
    signOut: "로그아웃",
    skip: "본문으로 건너뛰기",
    navigation: "주 메뉴",
    loading: "불러오는 중…",
    notFoundTitle: "없는 페이지입니다",
    notFound: "이 주소에는 페이지가 없습니다. 위 메뉴에서 페이지를 고르십시오.",
    noRoleTitle: "아직 역할이 없습니다",
    noRole: "이 계정에는 아직 역할이 없습니다. 관리자에게 역할을 요청하십시오.",
    retry: "다시 시도",
    researchUse: "연구용입니다. 의료기기가 아닙니다.",
  },
  routes: {
    worklist: "판독 목록",
    reading: "판독",
    adjudication: "조정 판독",
    calibration: "판독 교정",
    decks: "판독 교정",
    radiographs: "방사선 영상",
    studies: "연구",
    agreement: "일치도",
    modelVersions: "모델",
    datasets: "데이터셋",
  },
  errors: {
    offline:
      "서버가 응답하지 않습니다. 네트워크를 확인하십시오. 입력한 내용은 사라지지 않았습니다.",
    server:
      "서버가 이 요청을 처리하지 못했습니다. 다시 시도하고, 계속 실패하면 관리자에게 알리십시오.",
    unexpected: "서버의 응답을 이 페이지가 이해하지 못했습니다. 페이지를 새로 고치십시오.",
    signedOut: "세션이 끝났습니다. 계속하려면 다시 로그인하십시오.",
  },
  signIn: {
    title: "로그인",
    username: "사용자 이름",
    password: "비밀번호",
    submit: "로그인",
    submitting: "로그인하는 중…",
    again:
      "세션이 끝났습니다. 다시 로그인하십시오. 아직 보내지 못한 등급은 보관되어 있으며 곧 전송됩니다.",
  },
  worklist: {
    title: "판독 목록",
    intro: "판독에 참여하는 회차입니다. 회차를 열면 멈춘 곳의 다음 영상부터 이어집니다.",
    study: "연구",
    round: "회차",
    progress: "진행",
    state: "상태",
    action: "동작",
    full: (n) => `${n}회차`,
    relabel: (n) => `재판독 묶음, ${n}회차`,
    calibration: "판독 교정",
    toCalibration: "먼저 교정하기",
    committed: (done, all) => `${all}건 중 ${done}건`,
    start: "판독 시작",
    resume: "판독 계속",
    states: {
      calibration: "교정 먼저",
      open: "열림",
      washout: "휴지기",
      finished: "완료",
      closed: "종료",
    },
    opens: (date) => `${date}에 열림`,
    emptyTitle: "판독할 영상이 없습니다",
    empty:
      "아직 어느 연구에서도 판독자가 아닙니다. 연구를 만들 때 코디네이터가 판독자를 추가합니다.",
  },
};
