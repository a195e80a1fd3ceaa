/** Korean: texts of calibration. */

import type { calibration as english } from "../en/calibration";

export const calibration: typeof english = {
  title: "판독 교정",
  intro:
    "등급이 알려진 영상입니다. 영상을 확정할 때마다 알려진 등급을 내 등급과 나란히 봅니다. 이 판독은 어떤 연구에도 들어가지 않습니다.",
  emptyTitle: "교정 세트가 없습니다",
  empty: "코디네이터가 세트를 주거나, 참여하는 연구가 세트를 요구하면 여기에 나타납니다.",
  asks: (study, kappa, films) =>
    `“${study}” 연구는 첫 영상 전에 ${films} 이상에서 가중 카파 ${kappa} 이상을 요구합니다.`,
  passed: "도달함",
  notPassed: "아직 도달하지 못함",
  attempt: "시도",
  read: "판독한 영상",
  readOf: (done, all) => `${all} 중 ${done}`,
  kappa: "가중 카파",
  range: "95 % 구간",
  corners: "모서리",
  caption: "이 세트에 대한 내 시도",
  go: "판독",
  again: "다시 시작",
  form: "양쪽 모두 등급을 매긴 모서리에 대한 제곱 가중; 구간은 환자 재표집으로 구합니다.",
  answers: {
    title: "확정했습니다. 알려진 등급과 내 등급의 비교",
    yours: "내 등급",
    answer: "알려진 등급",
    agree: (n, all) => `모서리 ${all}개 중 ${n}개에서 알려진 등급과 같습니다.`,
  },
  decks: {
    title: "교정 세트",
    intro:
      "등급이 알려진 영상의 모음입니다. 판독자는 회차처럼 판독하고 나중에 답을 봅니다. 일치도, 합의, 학습에는 들어가지 않습니다.",
    create: "새 세트",
    emptyTitle: "아직 세트가 없습니다",
    empty: "연구의 합의 결과나 등급 표로 만드십시오.",
    size: (films, corners, source) => `${films}, 답이 있는 ${corners}, 출처: ${source}`,
    caption: "세트의 판독자와 최근 시도",
    reader: "판독자",
    tries: "시도",
    gate: "요구하는 연구",
    nobody: "아직 이 세트를 받은 사람이 없습니다.",
    noGate: "요구하는 연구가 없습니다.",
    name: "이름",
    from: "알려진 등급",
    fromStudy: "연구의 합의 결과",
    fromLabels: "등급 표",
    study: "연구",
    labels: "등급 (CSV)",
    labelsHint:
      "첫 줄은 film,corner,grade 입니다. 그다음 모서리마다 한 줄: 12,L1_INF,2 또는 12,L5_INF,obscured.",
    readers: "판독자",
    readersHint:
      "판독 목록에 세트가 나타납니다. 세트를 요구하는 연구의 판독자는 자동으로 받습니다.",
    noReaders: "판독자 역할의 사용자가 없습니다.",
    submit: "세트 만들기",
    submitting: "만드는 중…",
    give: "판독자 추가",
    giveSubmit: "세트 주기",
  },
  gate: {
    legend: "첫 영상 전의 교정",
    none: "요구하지 않음",
    kappa: "최소 가중 카파",
    films: "최소 영상 수",
    invalid: "카파는 0.01에서 1 사이, 영상 수는 정수로 적으십시오.",
    fact: (deck, kappa) => `${deck}, 카파 ${kappa} 이상`,
  },
};
