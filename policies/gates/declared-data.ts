import type { ChannelSection } from "../../config/schemas/channel";
import type { DataSpec } from "../../config/schemas/release";
import type { Release } from "../../rollout/release";

/** What a release says it writes and reads; where its file does not, what was declared for it afterwards. */
export function declaredData(
  { version, data }: Pick<Release, "version" | "data">,
  { dataOf }: Pick<ChannelSection, "dataOf">,
): DataSpec | undefined {
  return data ?? dataOf[version];
}

/** What to do about a release that does not say it, and can no longer be changed. */
export function declareAfterwards(version: string): string {
  return `declare it in the channel's section: dataOf: { ${version}: { writes: …, reads: […] } }`;
}
