import { type Claims, portalRuling, ruling } from "../harness/passages.ts";

/** What holds for every system, whatever its page says. */
export const claims: Claims = {
  title: "All of them",
  passages: [],
  rulings: [
    ruling(
      "A webhook that is off gets nothing: what is published meanwhile makes no delivery, and says why.",
      "makes no delivery for a webhook that is off, and says why",
    ),
    ruling(
      "A replay of what is missing may send it later.",
      "sends what was skipped when a replay asks for it",
    ),
    ruling(
      "What was pending is held until the webhook is on again.",
      "holds what was pending until the webhook is on again",
    ),
    ruling(
      "A test is sent even to a webhook that is off.",
      "sends a test to a webhook that is off",
    ),
    ruling(
      "Where a system knows on and off only, switching a webhook on enables one that Posthorn disabled.",
      "is on again, when Posthorn had disabled it, by being switched on",
    ),
    ruling(
      "The provider file says which fields a new webhook has, which are required, and what they are called.",
      "asks for the fields of its file, and refuses a webhook that lacks a required one",
    ),
    portalRuling(
      "In forms “all” is an explicit choice, and an empty selection is refused.",
      "the choice of event types in the form for a webhook",
    ),
    ruling(
      "Events are those of the catalog, with data that meets its schemas; others are refused.",
      "refuses a type that its catalog lacks, and data that breaks a schema, naming the field",
    ),
    ruling(
      "Routes of another system's API are open to the keys of the provider that asks for them, and not found for others.",
      "finds no routes of another system's API by its own keys",
    ),
    ruling("Applying a file again changes nothing.", "is applied again without a change"),
  ],
};
