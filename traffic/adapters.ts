import type { ChannelSection } from "../config/schemas/channel";
import type { AdapterName } from "../config/schemas/gateway";
import type { TrafficAdapter } from "./adapter";
import { commandAdapter } from "./command-adapter";
import { gatewayApi } from "./gateway-api";

/** What every adapter does; what a channel may ask of it is told in `config/schemas/gateway.ts`. */
export const adapters: Readonly<Record<AdapterName, TrafficAdapter>> = {
  "gateway-api": gatewayApi,
  command: commandAdapter,
};

export function adapterOf({ gateway }: Pick<ChannelSection, "gateway">): TrafficAdapter {
  return adapters[gateway.adapter];
}
