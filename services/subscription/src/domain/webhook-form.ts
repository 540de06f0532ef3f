/** A field that a form for a new webhook asks for, as a provider file has it. */
export interface WebhookFormField {
  /** The field's name in Webhook, such as `eventTypes`. */
  readonly field: string;
  readonly label?: string;
  readonly required?: boolean;
  readonly description?: string;
}

/** How many event types a webhook names. */
export type EventTypeSelection = "ANY" | "EXACTLY_ONE";
