import * as createDelivery from "./2026-11-21T1200-create-delivery.ts";
import * as addDeliveryMatchedBy from "./2026-11-21T1300-add-delivery-matched-by.ts";
import * as addScheduleClass from "./2026-11-21T1301-add-schedule-class.ts";
import * as addLaneState from "./2026-11-21T1302-add-lane-state.ts";
import * as addScheduleOrder from "./2026-11-21T1303-add-schedule-order.ts";
import * as addEventLogOffset from "./2026-11-21T1304-add-event-log-offset.ts";
import * as createReplay from "./2026-11-21T1331-create-replay.ts";
import * as addEventDeliverAt from "./2026-11-21T1332-add-event-deliver-at.ts";
import * as countAttempts from "./2026-11-21T1341-count-attempts.ts";
import * as createWebhookHealth from "./2026-11-21T1351-create-webhook-health.ts";
import * as createNotice from "./2026-11-21T1352-create-notice.ts";
import * as createExpiredDay from "./2026-11-21T1353-create-expired-day.ts";
import * as addDeliveryEnvelope from "./2026-11-21T1421-add-delivery-envelope.ts";
import * as addEventConnection from "./2026-11-21T1431-add-event-connection.ts";

/** The migrations of the schema `delivery`, in order. */
export const migrations = {
  "2026-11-21T1200-create-delivery": createDelivery,
  "2026-11-21T1300-add-delivery-matched-by": addDeliveryMatchedBy,
  "2026-11-21T1301-add-schedule-class": addScheduleClass,
  "2026-11-21T1302-add-lane-state": addLaneState,
  "2026-11-21T1303-add-schedule-order": addScheduleOrder,
  "2026-11-21T1304-add-event-log-offset": addEventLogOffset,
  "2026-11-21T1331-create-replay": createReplay,
  "2026-11-21T1332-add-event-deliver-at": addEventDeliverAt,
  "2026-11-21T1341-count-attempts": countAttempts,
  "2026-11-21T1351-create-webhook-health": createWebhookHealth,
  "2026-11-21T1352-create-notice": createNotice,
  "2026-11-21T1353-create-expired-day": createExpiredDay,
  "2026-11-21T1421-add-delivery-envelope": addDeliveryEnvelope,
  "2026-11-21T1431-add-event-connection": addEventConnection,
};
