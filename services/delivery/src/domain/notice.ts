/** What others are to be told, or asked, once a result is committed. */
export interface Notice {
  readonly partition: number;
  /** Decimal; unique among notices. */
  readonly id: string;
  /**
   * DISABLE: subscription is to disable the webhook. FAILING, RECOVERED: so the webhook is.
   * EXHAUSTED, SUCCEEDED: so the delivery ended.
   */
  readonly kind: "DISABLE" | "FAILING" | "RECOVERED" | "EXHAUSTED" | "SUCCEEDED";
  /** The provider's name; empty when it is not known. */
  readonly provider: string;
  /** Ids are UUIDs. */
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  /** The version that the reason was seen under; DISABLE only. */
  readonly webhookVersion: string;
  /** With DISABLE, else empty. */
  readonly reason: "" | "GONE" | "FAILING";
  /** Failed attempts in a row; of webhooks. */
  readonly failureCount: number;
  /** When the first of them failed. */
  readonly failingSince: Date | undefined;
  /** With EXHAUSTED and SUCCEEDED. */
  readonly delivery: NoticedDelivery | undefined;
  readonly createdAt: Date;
}

/** What of a delivery's end others are told. */
export type EndsTold = "all" | "failures";

/** Tells whether what a result comes to surely leaves a notice. */
export function leavesNotice(
  result: { readonly state: string; readonly isGone?: boolean },
  endsTold: EndsTold,
): boolean {
  if (result.state === "EXHAUSTED" || result.isGone === true) return true;
  return result.state === "SUCCEEDED" && endsTold === "all";
}

/** A delivery that ended. Ids are UUIDs. */
export interface NoticedDelivery {
  readonly uuid: string;
  readonly eventUuid: string;
  readonly eventType: string;
  readonly attemptCount: number;
  readonly statusCode: number;
}
