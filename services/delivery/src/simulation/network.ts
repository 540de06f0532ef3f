import type { Actor, World } from "./world.ts";

/** How the servers are doing; changed by what happens in the simulation. */
export interface Weather {
  isPostgresAway: boolean;
  isSubscriptionAway: boolean;
  /** The share of answers that are lost although the request was carried out. */
  lostAnswers: number;
  /** The share of requests that are lost on their way. */
  lostRequests: number;
  /** The share of requests that are carried out after the actor was told that they failed. */
  lateRequests: number;
}

/** Beside the processes: the servers, receivers and users, who never crash. */
export const others: Actor = { name: "others", isDead: false, frozenUntilMs: 0 };

/** What node-postgres says when the connection breaks. */
function brokenConnection(): Error {
  return new Error("Connection terminated unexpectedly");
}

/**
 * Sends a request of an actor to a server and brings back the answer. The request may be lost
 * before it is carried out, and the answer after that: the actor cannot tell which. A request of
 * an actor that crashes meanwhile may be carried out or not.
 */
export function request<T>(
  { world, weather, actor }: { world: World; weather: Weather; actor: Actor },
  { isAway, carryOut }: { isAway: () => boolean; carryOut: () => T },
): Promise<T> {
  const { random } = world;
  return new Promise((resolve, reject) => {
    world.after(delay(), others, () => {
      const isLate = random.chance(weather.lateRequests);
      const isLost = isLate || isAway() || random.chance(weather.lostRequests);
      if (isLate) world.after(random.between(1, 3_000), others, () => void outcomeOf(carryOut));
      if (isLost || (actor.isDead && random.chance(0.5))) {
        world.after(delay(), actor, () => reject(brokenConnection()));
        return;
      }
      const answer = outcomeOf(carryOut);
      const isAnswerLost = random.chance(weather.lostAnswers);
      const settle = isAnswerLost
        ? () => reject(brokenConnection())
        : () => answer(resolve, reject);
      world.after(isAnswerLost ? random.between(1, 2_000) : delay(), actor, settle);
    });
  });

  function delay(): number {
    return random.chance(0.01) ? random.between(20, 400) : 0.2 + random.next() * 3;
  }
}

function outcomeOf<T>(carryOut: () => T) {
  try {
    const value = carryOut();
    return (resolve: (value: T) => void) => resolve(value);
  } catch (error) {
    return (_: unknown, reject: (error: unknown) => void) => reject(error);
  }
}
