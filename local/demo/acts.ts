import type { DemoChannel } from "./channel";
import type { Narrator } from "./narrator";

/** The main job, as a play in four acts. */
export async function play(canary: DemoChannel, stable: DemoChannel, narrator: Narrator): Promise<void> {
  narrator.say(
    '\nEvery command below is one that you can type too, after: eval "$(make -s env)"\n(--skip-preview leaves out the preview that `pulumi up` shows first.)',
  );
  narrator.title("Act 1 · The canary channel gets its first release");
  await canary.setVersion("1.0.0");
  await canary.install();

  narrator.title("Act 2 · 1.1.0, which needs a new database column, reaches 100 % step by step");
  await canary.setVersion("1.1.0");
  await canary.preview();
  await canary.moves("start", 10);
  narrator.say("\nThe next step has to wait until enough was seen of 1.1.0. Trying anyway:");
  const held = await canary.isHeldOrMoves("advance", 30);
  if (held) await canary.movesWhenOpen("advance", 30);
  await canary.movesWhenOpen("advance", 100);
  narrator.say("\n1.0.0 stays ready for a rollback until the rollback window ends. Then it is retired:");
  await canary.movesWhenOpen("finalize");

  narrator.title("Act 3 · 1.2.0 answers 5 % of its requests with errors");
  await canary.setVersion("1.2.0");
  await canary.moves("start", 10);
  narrator.say("\nOnce enough requests were seen, the SLO gate closes the way:");
  await canary.isBlocked(/\bslo\b/i);
  narrator.say("\nBack to what is proven good:");
  await canary.setVersion("1.1.0");
  await canary.moves("rollback", 0);
  await canary.passesTraffic(2);
  narrator.say("\nNothing is deleted while traffic moves. What is left of 1.2.0 goes with the next update:");
  await canary.moves("finalize");

  narrator.title("Act 4 · The stable channel takes only what the canary channel has completed");
  await stable.setVersion("1.2.0");
  await stable.isBlocked(/\bpromotion\b/i);
  await stable.setVersion("1.0.0");
  await stable.install();
  await stable.setVersion("1.1.0");
  await stable.moves("start", 10);
  await stable.movesWhenOpen("advance", 30);
  await stable.movesWhenOpen("advance", 100);
  await stable.movesWhenOpen("finalize");
}
