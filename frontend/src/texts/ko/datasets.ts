/** Korean: texts of the datasets screen. */

import type { datasets as english } from "../en/datasets";

export const datasets: typeof english = {
  title: "데이터셋",
  intro: "연구별 모든 판독과 모든 합의를 CSV 또는 JSON으로 받습니다. 환자는 가명으로 나타납니다.",
  downloads: {
    title: "내려받기",
    caption: "연구별 내보내기 파일",
    study: "연구",
    number: "번호",
    reads: "모든 판독",
    readsHint: "모서리 판독 하나당 한 행",
    consensus: "합의",
    consensusHint: "확정된 모서리 하나당 한 행",
    file: (what, format, study) => `${study}의 ${what}, ${format}`,
    emptyTitle: "아직 내보낼 것이 없습니다",
    empty: "연구가 있으면 여기에 파일이 나타납니다. 코디네이터가 연구 메뉴에서 만듭니다.",
  },
  token: {
    title: "API 토큰",
    intro:
      "스크립트와 노트북을 위한 것입니다. 토큰을 가진 사람은 사용자의 이름으로 동작하므로 비밀로 지키십시오.",
    create: "토큰 만들기",
    replace: "토큰 교체",
    creating: "만드는 중…",
    once: "지금 토큰을 복사하십시오. 이번 한 번만 표시되며 다시 볼 수 없습니다.",
    label: "내 토큰",
    copy: "복사",
    copied: "복사했습니다.",
    copyFailed: "브라우저가 복사를 허용하지 않았습니다. 글자를 선택해 직접 복사하십시오.",
    exists: (since) => `토큰이 있습니다(${since} 생성). 만들 때 한 번 표시되었습니다.`,
    none: "토큰이 없습니다.",
    delete: "토큰 삭제",
    deleteTitle: "토큰을 삭제할까요?",
    deleteSentence: "이 토큰을 쓰는 스크립트는 그때부터 거부됩니다. 새 토큰을 만들 수 있습니다.",
    replaceTitle: "토큰을 교체할까요?",
    replaceSentence: "이전 토큰을 쓰는 스크립트는 그때부터 거부됩니다.",
    replaceConfirm: "교체",
    deleted: "토큰을 삭제했습니다.",
    example: "예",
    exampleIntro: "토큰을 TOKEN 변수에 넣은 다음:",
  },
};
