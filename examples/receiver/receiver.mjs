// Receives webhooks on 127.0.0.1:9000 and checks that they come from Posthorn.
//
// Usage: WEBHOOK_SECRET=whsec_... node receiver.mjs [port]
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
createServer(async (request, response) => {
  try {
    const event = webhook.verify(await text(request), request.headers);
    console.log(`verified ${request.headers["webhook-id"]} ${event.type}`);
    response.writeHead(204).end();
  } catch (error) {
    console.log(`refused: ${error.message}`);
    response.writeHead(401).end();
  }
}).listen(Number(process.argv[2] ?? 9000), "127.0.0.1", () => console.log("listening"));
