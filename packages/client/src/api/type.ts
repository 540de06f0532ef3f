export * from "@posthorn/proto/posthorn/type/v1/envelope";
export * from "@posthorn/proto/posthorn/type/v1/policy";
