import * as http from "node:http";
import { gatewayUrl } from "../../../local/settings";
import type { TestChannel } from "./channel";

/** Whose requests they are: what each of them carries. */
export interface Person {
  headers?: Record<string, string>;
  query?: Record<string, string>;
}

export interface PersonsAnswer {
  status: number;
  /** Id of the release that answered. */
  release: string;
}

/** One person's requests, one after the other, until they are stopped. */
export interface Visit {
  /** The answers since the last look. */
  look(): PersonsAnswer[];
  /** Every answer there was. */
  stop(): Promise<PersonsAnswer[]>;
}

const pauseMilliseconds = 20;
const failed: PersonsAnswer = { status: 0, release: "" };

export function visit(channel: TestChannel, person: Person): Visit {
  const answers: PersonsAnswer[] = [];
  let looked = 0;
  let going = true;
  const ended = (async () => {
    while (going) {
      answers.push(await ask(channel, person));
      await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
    }
  })();
  return {
    look: () => {
      const from = looked;
      looked = answers.length;
      return answers.slice(from);
    },
    stop: async () => {
      going = false;
      await ended;
      return answers;
    },
  };
}

function ask({ host }: TestChannel, { headers = {}, query = {} }: Person): Promise<PersonsAnswer> {
  const target = new URL(`/readyz?${new URLSearchParams(query)}`, gatewayUrl);
  return new Promise((resolve) => {
    http
      .get(target, { headers: { ...headers, host } }, (response) => {
        response.resume();
        response.on("error", () => resolve(failed));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, release: String(response.headers["x-release"]) }),
        );
      })
      .on("error", () => resolve(failed));
  });
}
