/**
 * The words of the mSASSS: 24 sites, 12 discs, grades, facing corners.
 *
 * Held equal to inference/msasss.py by a test on the Python side. A crop is centred on a disc:
 * its upper corner is the INF corner of the vertebra above (cranial side), its lower corner the
 * SUP corner of the vertebra below (caudal side).
 */

export type Region = "C" | "L";
export type Grade = 0 | 1 | 2 | 3;
export type Edge = "SUP" | "INF";
export type Side = "cranial" | "caudal";
export type SiteCode = string;

export interface Site {
  index: number;
  code: SiteCode;
  vertebra: string;
  edge: Edge;
  disc: string;
  region: Region;
}

export const GRADES: readonly Grade[] = [0, 1, 2, 3];
export const BRIDGE: Grade = 3;
export const FINDINGS = ["erosion", "sclerosis", "squaring"] as const;
export type Finding = (typeof FINDINGS)[number];

export const NOT_ASSESSABLE = [
  "obscured",
  "off_film",
  "rotated",
  "implant",
  "fracture",
  "surgery",
  "poor_quality",
  "other",
] as const;
export type NotAssessable = (typeof NOT_ASSESSABLE)[number];

export const DISCS: Record<Region, readonly string[]> = {
  C: ["C2/C3", "C3/C4", "C4/C5", "C5/C6", "C6/C7", "C7/T1"],
  L: ["T12/L1", "L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"],
};

export const SITES: readonly Site[] = (["C", "L"] as const).flatMap((region, regionIndex) =>
  DISCS[region].flatMap((disc, discIndex) => {
    const [above = "", below = ""] = disc.split("/");
    const index = regionIndex * 12 + discIndex * 2 + 1;
    return [
      { index, code: `${above}_INF`, vertebra: above, edge: "INF" as const, disc, region },
      {
        index: index + 1,
        code: `${below}_SUP`,
        vertebra: below,
        edge: "SUP" as const,
        disc,
        region,
      },
    ];
  }),
);

export const SITE: Readonly<Record<SiteCode, Site>> = Object.fromEntries(
  SITES.map((site) => [site.code, site]),
);

/** The site with this code; a code we do not know is a broken contract, so it throws. */
export function siteOf(code: SiteCode): Site {
  const site = SITE[code];
  if (!site) throw new Error(`Unknown mSASSS site: ${code}`);
  return site;
}

/** The corner across the disc: a bridge joins these two. */
export function facing(code: SiteCode): SiteCode {
  const site = siteOf(code);
  const other = SITES[site.index - 1 + (site.edge === "INF" ? 1 : -1)];
  return (other as Site).code;
}

export const sideOf = (code: SiteCode): Side =>
  siteOf(code).edge === "INF" ? "cranial" : "caudal";

export const sitesOf = (region: Region): readonly Site[] =>
  SITES.filter((site) => site.region === region);
