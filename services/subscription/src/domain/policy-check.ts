import type { FieldProblem } from "@posthorn/errors";
import { hasPublicKeys, overlapping, type ProviderSettings, sharesSecrets } from "./provider.ts";
import { namedTwice } from "./repeated.ts";
import { toCamel } from "./update-mask.ts";
import { webhookFields } from "./webhook.ts";
import type { WebhookFormField } from "./webhook-form.ts";

/** Gives what a provider's policy of secrets says against its signatures. */
export function secretPolicyProblems(settings: ProviderSettings): FieldProblem[] {
  const { secrets } = settings;
  const isHidden = !sharesSecrets(settings);
  const hidden = "receivers verify with public keys, and nobody has the secret";
  const problems: readonly [boolean, keyof typeof secrets, string][] = [
    [isHidden && secrets.readable === true, "readable", hidden],
    [isHidden && secrets.custom === true, "custom", hidden],
    [
      hasPublicKeys(settings) && secrets.optional === true,
      "optional",
      "Ed25519 keys are made from the secret",
    ],
    [
      overlapping(settings) === "none" && secrets.rotation === "OVERLAP",
      "rotation",
      "must be AT_ONCE: the signatures hold one value only",
    ],
  ];
  return problems.flatMap(([isWrong, field, description]) =>
    isWrong ? [{ field: `secrets.${field}`, description }] : [],
  );
}

const settable = [...webhookFields.map(toCamel), "secret"];

/** Gives what is wrong with the form for a new webhook, alone and against the other policies. */
export function webhookFormProblems(settings: ProviderSettings): FieldProblem[] {
  const form = settings.webhookFields;
  const names = form.map(({ field }) => field);
  const path = (index: number) => `webhookFields[${index}].field`;
  return [
    ...names.flatMap((name, index) =>
      settable.includes(name)
        ? []
        : [{ field: path(index), description: `must be one of ${settable.join(", ")}` }],
    ),
    ...namedTwice(names, path),
    ...form.flatMap((field, index) => secretFieldProblems(settings, field, index)),
    ...(names.length === 0 ? [] : alwaysAsked(settings).flatMap((name) => mustAsk(form, name))),
  ];
}

function secretFieldProblems(
  { secrets: { custom = false, optional = false } }: ProviderSettings,
  { field, required = false }: WebhookFormField,
  index: number,
): FieldProblem[] {
  if (field !== "secret") return [];
  if (!custom) {
    const description = "secret is not the customer's to set: secrets.custom is not true";
    return [{ field: `webhookFields[${index}].field`, description }];
  }
  if (!required || !optional) return [];
  const description = "cannot be, as secrets.optional is true";
  return [{ field: `webhookFields[${index}].required`, description }];
}

/** The fields without which no webhook of the provider can be made. */
function alwaysAsked({ eventTypeSelection }: ProviderSettings): readonly string[] {
  return eventTypeSelection === "EXACTLY_ONE" ? ["url", "eventTypes"] : ["url"];
}

function mustAsk(form: readonly WebhookFormField[], name: string): FieldProblem[] {
  const index = form.findIndex(({ field }) => field === name);
  if (index < 0) {
    const description = `must name ${name}, without which no webhook can be made`;
    return [{ field: "webhookFields", description }];
  }
  if (form[index]?.required) return [];
  const description = `must be true: no webhook can be made without ${name}`;
  return [{ field: `webhookFields[${index}].required`, description }];
}
