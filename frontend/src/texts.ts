/** Every English text of the product, keyed by where it stands; a translation is a second such table. */

import { office } from "./texts/office";
import { reading } from "./texts/reading";

export const texts = {
  app: {
    name: "Syndesmo",
    subtitle: "mSASSS reading and annotation",
    signOut: "Sign out",
    skip: "Skip to content",
    navigation: "Main",
    loading: "Loading…",
    notFoundTitle: "There is no such page",
    notFound: "The address leads nowhere. Choose a page from the menu above.",
    noRoleTitle: "No role yet",
    noRole: "Your account has no role in this product yet. Ask an administrator to give you one.",
    retry: "Try again",
    researchUse: "For research use. Not a medical device.",
  },
  routes: {
    worklist: "Worklist",
    reading: "Reading",
    adjudication: "Adjudication",
    radiographs: "Radiographs",
    studies: "Studies",
    agreement: "Agreement",
    modelVersions: "Models",
    datasets: "Datasets",
  },
  errors: {
    offline: "The server does not answer. Check the network; nothing you entered is lost.",
    server:
      "The server failed on this request. Try again; if it keeps failing, tell an administrator.",
    unexpected: "The server gave an answer this page does not understand. Reload the page.",
    signedOut: "Your session has ended. Sign in again to go on.",
  },
  signIn: {
    title: "Sign in",
    username: "User name",
    password: "Password",
    submit: "Sign in",
    submitting: "Signing in…",
    again: "Your session has ended. Sign in again; unsent grades are kept and will be sent.",
  },
  worklist: {
    title: "Worklist",
    intro: "Rounds in which you read. A round opens your next film where you left off.",
    study: "Study",
    round: "Round",
    progress: "Progress",
    state: "State",
    action: "Action",
    full: (n: number) => `Round ${n}`,
    relabel: (n: number) => `Relabel batch, round ${n}`,
    committed: (done: number, all: number) => `${done} of ${all}`,
    start: "Start reading",
    resume: "Continue reading",
    states: { open: "Open", washout: "Washout", finished: "Finished", closed: "Closed" },
    opens: (date: string) => `Opens ${date}`,
    emptyTitle: "No films to read",
    empty:
      "You are not a reader in any study yet. A coordinator adds readers when a study is made.",
  },
  reading,
  office,
};
