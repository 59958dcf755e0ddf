// Socket.IO as its documentation sets it up, with connection state recovery and WebSockets alone.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  pingInterval: 600_000,
  connectionStateRecovery: {},
  perMessageDeflate: false,
});

io.on("connection", (socket) => socket.join("all"));

// Each line is how often to send the event that follows.
createInterface({ input: process.stdin }).on("line", (line) => {
  const space = line.indexOf(" ");
  const event = JSON.parse(line.slice(space + 1));
  for (let count = Number(line.slice(0, space)); count > 0; count--) {
    io.to("all").emit("event", event);
  }
});

http.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${http.address().port}`));
