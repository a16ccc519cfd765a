import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { CapacityRequest } from "../observe/ready-capacity";

export interface CapacityConfirmationArgs {
  /** What has to be ready; its transition id makes every transition ask anew. */
  request: CapacityRequest;
}

/** Waits until autoscalers have brought the pods that a share needs: they act after Kubernetes has answered. */
export class CapacityConfirmation extends pulumi.ComponentResource {
  constructor(name: string, { request }: CapacityConfirmationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("release-channels:index:CapacityConfirmation", name, { request }, opts);
    new local.Command(
      `${name}-command`,
      {
        // A fixed command: values go by standard input, never through a shell.
        create: "node run.cjs observe/ready-capacity.ts",
        stdin: JSON.stringify(request),
        addPreviousOutputInEnv: false,
        logging: local.Logging.Stderr,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
