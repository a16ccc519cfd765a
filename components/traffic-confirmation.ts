import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ConfirmationRequest } from "../observe/data-plane";
import { type Confirmation, confirmation } from "../rollout/record";

export interface TrafficConfirmationArgs {
  /** What to ask the data plane; its transition id makes every transition ask anew. */
  request: ConfirmationRequest;
}

/** Asks the data plane until it shows the weights that were asked for; fails where it does not in time. */
export class TrafficConfirmation extends pulumi.ComponentResource {
  /** What was seen; unknown in a preview. */
  readonly confirmed: pulumi.Output<Confirmation>;

  constructor(name: string, { request }: TrafficConfirmationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("release-channels:index:TrafficConfirmation", name, { request }, opts);
    const command = new local.Command(
      `${name}-command`,
      {
        // A fixed command: values go by standard input, never through a shell.
        create: "node run.cjs observe/data-plane.ts",
        stdin: JSON.stringify(request),
        addPreviousOutputInEnv: false,
        logging: local.Logging.Stderr,
      },
      { parent: this },
    );
    this.confirmed = command.stdout.apply((text) => confirmation.parse(JSON.parse(text)));
    this.registerOutputs({ confirmed: this.confirmed });
  }
}
