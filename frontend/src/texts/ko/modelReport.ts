/** Korean: texts of a model's whole report, of the gate, and of promotion without a person. */

import type * as english from "../en/modelReport";

export const report: typeof english.report = {
  title: (name) => `${name}의 모든 측정 결과`,
  none: "이 버전에는 보고서가 없습니다. 보고서가 생기기 전에 평가되었습니다.",
  intervals: (patients, times) =>
    `작은 글씨는 95 % 구간: 시험 환자 ${patients}명을 환자 단위로 ${times}번 다시 뽑았습니다.`,
  grades: "등급별 일대다 성능",
  grade: "등급",
  counts: { tp: "참양성", tn: "참음성", fp: "거짓양성", fn: "거짓음성" },
  shares: {
    sensitivity: "민감도",
    specificity: "특이도",
    ppv: "양성 예측도",
    npv: "음성 예측도",
    f1: "F1 점수",
    accuracy_ovr: "정확도(일대다)",
  },
  mean: "등급 평균",
  multiclass: "정확도, 등급 일치(다중 분류):",
  kappa: "제곱 가중 카파",
  twoAccuracies:
    "일대다 정확도는 참음성을 모두 세므로 등급이 일치한 모서리의 비율보다 항상 높습니다. 일대다 수치끼리만 비교하십시오.",
  pairs: "서로 혼동된 등급",
  pair: "쌍",
  upwards: "낮은 등급을 높게",
  downwards: "높은 등급을 낮게",
  shareOfErrors: "전체 오류 중 비율",
  pairRate: "해당 쌍의 모서리 중",
  pairsHint: "많은 순서. 2와 3 사이의 오류는 추간판의 두 모서리를 함께 바꿉니다.",
  scores: "점수와 변화, 모델 빼기 실제",
  score: "점수",
  scales: { mSASSS: "mSASSS 총점 (0–72)", cervical: "경추 (0–36)", lumbar: "요추 (0–36)" },
  change: (scale) => `변화: ${scale}`,
  bias: "편향",
  limits: "95 % 한계",
  mae: "평균 오차",
  falseTotal: "실제가 0일 때",
  noScores: "점수를 낼 만큼 모서리가 판정된 시험 환자가 없습니다.",
  scoresHint:
    "ICC(2,1): 이원 무작위, 절대 일치, 단일 판독자. 변화는 환자의 첫 방문부터 마지막 방문까지이며 빠진 부위는 R3 규칙을 따릅니다. “실제가 0일 때”는 병변이 없는 환자에게 모델이 주는 점수입니다.",
  beside: "판독자와 나란히 본 모델",
  raterPair: "비교 대상",
  raters: { truth: "실제", model: "모델" },
  corners: "모서리",
  patients: "환자",
  exact: "등급 일치",
  changeIcc: "변화의 ICC(2,1)",
  besideHint:
    "줄 아래는 같은 영상에서 판독자끼리의 비교입니다. 모델이 판독자 간 변동 안에 있으면 행이 서로 비슷합니다. 판독자는 실제 등급의 일부이고 모델은 그렇지 않습니다.",
  noReaders: "스냅숏에 판독자별 판독이 없어 판독자끼리 비교할 수 없습니다.",
  strata: { level: "부위별", centre: "기관별", scanner: "촬영 장비별", device: "개별 장비별" },
  stratum: { level: "부위", centre: "기관", scanner: "촬영 장비", device: "개별 장비" },
  found: (grade) => `${grade} 발견율`,
  cornerBias: "모서리당 편향",
  calibration: "확률이 말 그대로의 뜻을 지니는가",
  before: "보정 전",
  after: "운영 상태",
  brier: "브라이어 점수",
  ece: "보정 오차(ECE)",
  logLoss: "로그 손실",
  reliability: (grade) => `등급 ${grade}`,
  said: "예측 확률",
  seen: "실제 비율",
  calibrationHint:
    "세 값 모두 작을수록 좋습니다. 그림의 점선 대각선이 완벽한 보정이고 파선은 보정 전입니다. 모서리가 다섯 개 미만인 점은 뺐습니다.",
  perPatient: "환자별 총점과 변화",
  patient: "환자",
  visits: "방문: 실제, 모델",
  visit: (days, truth, model) => `${days}일: ${truth}, ${model}`,
  furthest: "최대 차이",
  trueChange: "실제 변화",
  modelChange: "모델의 변화",
  allPatients: (n) => `${n}명 모두 보기`,
  fewer: (n) => `처음 ${n}명만 보기`,
};

export const gate: typeof english.gate = {
  verdicts: {
    better: (candidate, serving) => `${candidate}: ${serving} 버전보다 낫습니다.`,
    worse: (candidate, serving) => `${candidate}: ${serving} 버전보다 못합니다.`,
    not_worse: (candidate, serving) => `${candidate}: ${serving} 버전보다 못하지 않습니다.`,
    open: (candidate, serving) =>
      `${candidate}: ${serving} 버전과 구별되지 않습니다. 나을 수도 못할 수도 있습니다.`,
    unknown: (candidate, serving) => `${candidate}: ${serving} 버전보다 나은지 말할 수 없습니다.`,
  },
  because: (figure, difference, limits, patients) =>
    `${figure}: 시험 환자 ${patients}명에서 차이 ${difference} (95 % 구간 ${limits}).`,
  tooFew: (patients) =>
    `시험 환자 ${patients}명으로는 구간을 낼 수 없습니다. 시험 환자의 영상을 더 판독하십시오.`,
  caption: (candidate, serving) => `${candidate} 대 ${serving}, 고정된 같은 시험 환자에서`,
  figure: "지표",
  candidate: "후보",
  serving: "운영",
  difference: "차이",
  interval: "95 % 구간",
  hint: (margin) =>
    `구간은 차이의 구간이며 환자를 짝지어 뽑았습니다. “못하지 않음”: 97.5 % 확실성으로 최대 ${margin} 손실. 편향은 0에서의 거리를 비교합니다.`,
  figures: {
    kappa_quadratic: "제곱 가중 카파",
    multiclass_accuracy: "정확도, 등급 일치(다중 분류)",
    "mean.accuracy_ovr": "정확도, 일대다 평균",
    "mean.sensitivity": "민감도, 등급 평균",
    "sensitivity.0": "민감도, 등급 0",
    "sensitivity.1": "민감도, 등급 1",
    "sensitivity.2": "민감도, 등급 2",
    "sensitivity.3": "민감도, 등급 3",
    bias: "영상당 편향, 예측 빼기 실제",
    within_2_mm: "2 mm 이내의 추간판",
    mean_error_mm: "기준점 평균 오차, mm",
    off_by_a_level: "한 부위 어긋난 추간판",
  },
  pointsTruth: (byReaders, discs, within) =>
    `이 추간판 ${discs}개 중 판독자가 놓은 것은 ${byReaders}개입니다. 나머지는 모델이 찾은 자리에 있고 판독자가 옮기지 않았습니다. 그래서 그 모델과 비슷한 네트워크는 실제보다 좋게, 더 나은 네트워크는 더 나쁘게 보입니다.` +
    (within === null
      ? ""
      : ` 판독자가 놓은 추간판 중 ${within}가 2 mm 이내입니다. 모델이 틀렸던 추간판들입니다.`),
  stale: (beside, serving) =>
    `이 비교는 ${beside} 버전과의 비교이고 지금은 ${serving} 버전이 운영됩니다. 승격하기 전에 다시 비교하십시오.`,
  again: "다시 비교",
};

export const bounds: typeof english.bounds = {
  title: "사람 없이 승격",
  enabled: "이 연구의 예약 학습 후보가 아래 한계를 지키면 스스로 운영되게 합니다",
  intro:
    "고정된 시험 환자에서 네 가지가 모두 지켜져야 합니다. 이런 승격과 모든 이의는 감사 기록에 남습니다.",
  most_kappa_lost: "제곱 가중 카파 손실, 최대(하한)",
  least_recall_2: "등급 2 민감도, 최소",
  most_bias: "총점 편향, 최대(단위, 양방향)",
  least_patients: "시험 환자, 최소",
  submit: "한계 저장",
  submitting: "저장하는 중…",
  saved: "한계를 저장했습니다.",
};
