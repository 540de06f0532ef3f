import { create } from "@bufbuild/protobuf";
import {
  type Up42TestReport,
  Up42TestReportSchema,
} from "@posthorn/proto/posthorn/compat/up42/v1/up42_webhook_service";
import type {
  TestReport,
  WebhookTest,
} from "@posthorn/proto/posthorn/delivery/v1/webhook_test_service";
import { textOrNull } from "../json-value.ts";

/** Gives the report of a test as UP42 shows it. */
export function toTestReport(report: TestReport): Up42TestReport {
  const { startTime, testsRun, testsSucceeded, testsFailed } = report;
  const tests = report.tests.map(toTest);
  return create(Up42TestReportSchema, {
    ...(startTime && { startedAt: startTime }),
    testsRun,
    testsSucceeded,
    testsFailed,
    tests,
  });
}

function toTest({ eventType, succeeded, attempt }: WebhookTest) {
  const startedAt = attempt?.startTime;
  return {
    event: eventType,
    succeeded,
    ...(startedAt && { startedAt }),
    statusCode: attempt?.statusCode ?? 0,
    responseBody: attempt?.responseBody ?? "",
    error: textOrNull(attempt?.error ?? ""),
  };
}
