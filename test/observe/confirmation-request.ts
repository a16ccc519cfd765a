import type { ConfirmationRequest } from "../../observe/data-plane";

export const [baseline, candidate] = ["1-0-0-aaaaaaaa", "1-1-0-bbbbbbbb"] as const;

/** What asks whether the candidate of the service `api` has this weight. */
export function asking(
  url: ConfirmationRequest["url"],
  weight: number,
  more: Partial<ConfirmationRequest> = {},
): ConfirmationRequest {
  return {
    id: "t2",
    url,
    releaseHeader: "X-Release",
    withinSeconds: 20,
    services: [
      {
        service: "api",
        hostname: "canary.shop.localhost",
        path: "/readyz",
        weights: { [baseline]: 100 - weight, [candidate]: weight },
        candidate,
      },
    ],
    ...more,
  };
}
