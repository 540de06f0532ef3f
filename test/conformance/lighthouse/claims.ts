import { type Claims, ruling } from "../harness/passages.ts";

/** A system that does not exist: what the next provider can count on. */
export const claims: Claims = {
  title: "The next one",
  passages: [],
  rulings: [
    ruling(
      "No code is about a provider.",
      "is named by no code, nor is any other system but by the routes of its own API",
    ),
    ruling(
      "A provider file is all that hosting a system takes.",
      "has the body, signature, key, limit and secrets that its file says, and nothing of another's",
    ),
    ruling(
      "Whatever one of the five has, another may have too, in other company.",
      "takes every policy of the others together, under names of its own",
    ),
    ruling(
      "Members of data stand beside those of the envelope, and may not have their names.",
      "refuses data that clashes with the members of the body, naming the member",
    ),
    ruling(
      "A wrong file is refused whole, naming each place.",
      "is refused when its file is wrong, naming the place, and nothing of it is there then",
    ),
    ruling(
      "Applying a file shows what changes.",
      "shows what a changed file would change, and writes nothing while it is only checked",
    ),
    ruling(
      "What would break webhooks in use is refused unless told.",
      "refuses a file that would break webhooks in use, until it is told to",
    ),
  ],
};
