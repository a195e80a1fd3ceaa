/** Texts of the reading room: reading, rapid reading, adjudication. */

import type { Edge, Finding, NotAssessable } from "../msasss";
import type { Action } from "../keys";

const edges: Record<Edge, string> = { INF: "lower corner", SUP: "upper corner" };

const notAssessable: Record<NotAssessable, { name: string; sentence: string }> = {
  obscured: {
    name: "Obscured",
    sentence: "Another structure covers the corner, for example the shoulders over C7/T1.",
  },
  off_film: {
    name: "Off the film",
    sentence: "The corner lies outside the film or under the collimator.",
  },
  rotated: {
    name: "Rotated",
    sentence: "The vertebra is rotated or tilted too far to judge its anterior corner.",
  },
  implant: {
    name: "Implant",
    sentence: "An implant or other metal covers or replaces the corner.",
  },
  fracture: { name: "Fracture", sentence: "A fracture has changed the corner." },
  surgery: { name: "Surgery", sentence: "Surgery has changed the corner." },
  poor_quality: {
    name: "Poor quality",
    sentence: "The film is too dark, too bright, blurred or noisy here.",
  },
  other: { name: "Other", sentence: "Another reason." },
};

const actions: Record<Action, string> = {
  grade0: "Grade 0: normal",
  grade1: "Grade 1: erosion, sclerosis or squaring",
  grade2: "Grade 2: syndesmophyte",
  grade3: "Grade 3: bridge, both facing corners",
  notAssessable: "Not assessable, then the key of a reason",
  erosion: "Grade 1 with erosion (stays at the corner)",
  sclerosis: "Grade 1 with sclerosis (stays at the corner)",
  squaring: "Grade 1 with squaring (stays at the corner)",
  previous: "Corner above",
  next: "Corner below",
  undo: "Undo",
  redo: "Redo",
  commit: "Commit the film and go on",
  window: "Window mode: drag changes contrast and brightness",
  invert: "Invert",
  automatic: "Automatic window",
  bone: "Bone window",
  soft: "Soft-tissue window",
  fit: "Fit film and crop",
  actualSize: "Film at actual pixels",
  zoomIn: "Zoom the film in",
  zoomOut: "Zoom the film out",
  overlay: "Show or hide the drawing over the film",
  context: "Crop: level alone, or with its neighbours",
  help: "This list",
};

export const reading = {
  title: "Reading",
  position: (label: string) => `Film ${label}`,
  region: { C: "Cervical spine", L: "Lumbar spine" },
  loading: "Getting the film…",
  decoding: "Film is loading",
  film: "Film",
  crop: "Level crop",
  filmHelp:
    "Radiograph. Wheel zooms, drag moves, drag with the right button changes contrast and brightness.",
  corner: (vertebra: string, edge: Edge) => `${vertebra} ${edges[edge]}`,
  edges,
  anterior: "anterior",
  mirrored: "Mirrored: anterior shown left",
  turned: "Turned",
  level: (disc: string) => `Disc ${disc}`,
  noPoints: (disc: string) =>
    `No points mark ${disc} on this film. Place them and drag them to the disc to see its crop, or grade from the film.`,
  placePoints: "Place points",
  point: (disc: string, point: "center" | "anterior") =>
    point === "center"
      ? `${disc}, centre of the disc. Drag, or move with the arrow keys.`
      : `${disc}, anterior edge of the disc. Drag, or move with the arrow keys.`,
  grades: {
    0: { name: "Normal", short: "normal" },
    1: { name: "Erosion, sclerosis, squaring", short: "erosion, sclerosis, squaring" },
    2: { name: "Syndesmophyte", short: "syndesmophyte" },
    3: { name: "Bridge", short: "bridge" },
  },
  grade: "Grade",
  naShort: "n/a",
  na: "Not assessable",
  findings: {
    erosion: "Erosion",
    sclerosis: "Sclerosis",
    squaring: "Squaring",
  } satisfies Record<Finding, string>,
  notAssessable,
  strip: "Corners of this film",
  ungraded: "not graded",
  gradedAs: (grade: number) => `grade ${grade}`,
  undo: "Undo",
  redo: "Redo",
  help: "Keys",
  commit: "Commit and next",
  commitShort: "Commit",
  committing: "Committing…",
  done: (n: number, all: number) => `${n} of ${all} corners`,
  tools: {
    label: "Picture tools",
    windowMode: "Window",
    invert: "Invert",
    automatic: "Auto",
    bone: "Bone",
    soft: "Soft",
    fit: "Fit",
    actualSize: "1:1",
    rotate: "Turn",
    flip: "Flip",
    overlay: "Drawing",
    context: "Neighbours",
  },
  saved: {
    saved: "Saved",
    sending: "Sending…",
    offline: (n: number) => `Offline: ${n} waiting`,
    signedOut: (n: number) => `Signed out: ${n} waiting`,
  },
  refused: {
    title: "The server did not take these",
    explain:
      "Your version is kept here. What the film shows now is the server's version; grade the corner again if yours is right.",
    yours: "Yours",
    dismiss: "I have seen it",
    entry: {
      grade: "Grade",
      disc_points: "Disc points",
      undo: "Undo",
      redo: "Redo",
      commit: "Commit",
    },
  },
  reasonTitle: (corner: string) => `Why can ${corner} not be assessed?`,
  partnerTitle: (corner: string) => `The bridge is taken back. What is ${corner}?`,
  partnerHelp:
    "A bridge stands on both facing corners, so the facing corner needs a grade of its own.",
  cancel: "Cancel",
  missingTitle: "These corners still need a grade",
  missingGo: "Go to the first one",
  helpTitle: "Keys",
  helpMouse:
    "Wheel: zoom to the cursor. Drag: move. Right drag, or drag in window mode: right is softer, down is brighter. Double click: fit. Drag a disc point: the crop follows.",
  close: "Close",
  actions,
  secondLook: {
    title: "Committed. The model beside your grades",
    corner: "Corner",
    yours: "Yours",
    model: "Model",
    probability: "Probability",
    version: (version: string) => `Model ${version}`,
    agree: (n: number, all: number) => `Same grade at ${n} of ${all} corners.`,
    next: "Next film",
  },
  finishedTitle: "Nothing left to read here",
  toWorklist: "Back to the worklist",
  leave: "Worklist",
  otherTab:
    "This film is open in another tab of this browser. Go on there, or close that tab and reload this page.",
  brokenPicture:
    "The picture file of this film cannot be decoded. Mark its corners as not assessable or return to the worklist, and tell an administrator.",
  leaseLost:
    "Your hold on this film has ended or the study was closed. Nothing more can be saved to it; go back to the worklist.",
  committedAlready: "This film is committed. Its grades can no longer be changed.",
  rapid: { title: "Relabel", corner: (label: string) => `Corner ${label}` },
  adjudication: {
    title: "Adjudication",
    intro: "Corners where the readers differ. You see both grades, not who gave them.",
    study: "Study",
    open: "Open",
    settled: "Settled",
    action: "Action",
    start: "Settle",
    none: "All settled",
    emptyTitle: "Nothing to adjudicate",
    empty:
      "You are not an adjudicator in any study yet. A coordinator adds adjudicators to a study.",
    readerA: "Reader A",
    readerB: "Reader B",
    decision: "Decision",
    takeA: "Take A",
    takeB: "Take B",
    hint: "Press A or B to take a reader's grade, or 0 1 2 3 N to give your own.",
    back: "Back to the list",
    doneTitle: "No corner left to settle",
    saving: "Saving…",
  },
};
