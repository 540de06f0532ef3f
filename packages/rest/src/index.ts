export type { RestAnswer } from "./answer.ts";
export {
  type ErrorShape,
  type ErrorShapeOf,
  errorShapes,
  type RefusedRequest,
} from "./error-shape.ts";
export {
  forwarded,
  headerOf,
  type RequestHeaders,
  requestIdFrom,
  requestIdHeader,
} from "./headers.ts";
export { type OpenapiInfo, openapi } from "./openapi/document.ts";
export type { ErrorForm } from "./openapi/error-response.ts";
export type { ExampleOf, IsLeftOut } from "./openapi/example.ts";
export type { JsonSchema } from "./openapi/json-schema.ts";
export { tooLarge } from "./request-body.ts";
export { type RestHandler, type RestHandlerOptions, restHandler } from "./rest-handler.ts";
export type { RestRequest, StreamedBody } from "./rest-request.ts";
export type { RestMethod, Route, RouteBody } from "./route.ts";
export { type RouteAnswer, type RouteMatch, type RouteTable, restRoutes } from "./route-table.ts";
export { type HttpProblem, outwardError, type Refusal, refuse, refuseHttp } from "./status.ts";
