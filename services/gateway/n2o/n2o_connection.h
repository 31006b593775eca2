// One connection of the N2O WebSocket (PROTOCOL 1.8): heart-beat, INIT and uploads. It has no MQTT
// session; who asks is said by the token in each request. Lives on one worker's loop.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "chat/v1/auth.pb.h"
#include "chat/v1/call.pb.h"
#include "chat/v1/records.pb.h"
#include "libs/net/websocket.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/transport/door.h"

namespace chat::gateway {

class Worker;

class N2oConnection final : public net::WebSocketHandler,
                            public std::enable_shared_from_this<N2oConnection> {
 public:
  N2oConnection(Worker& worker, std::shared_ptr<net::WebSocket> socket, Place place);
  void Start();
  // Ends it when it has been silent for too long.
  void OnTime(int64_t now_ms);
  // Ends it after the answer to the request that runs.
  void Drain();

  // ---- net::WebSocketHandler -----------------------------------------------------------------
  void OnPart(net::Opcode type, std::string_view bytes, bool last) override;
  void OnEnd() override;

 private:
  struct Message {
    net::Opcode type;
    std::string bytes;
  };

  // Handles what has arrived, one message after the other, each after the answer to the last.
  void Next();
  void Handle(const Message& message);
  void HandleText(const std::string& text);
  void HandleTerm(const std::string& payload);
  // INIT with this token: it is a live session's own, or gets an anonymous one (PROTOCOL 1.7).
  void Init(const std::string& token);
  void Transfer(const v1::Ftp& ftp);
  void Call(const google::protobuf::Message& request, const v1::Caller& caller);
  void Answer(const absl::Status& status, const v1::Reply& reply);
  // Asks whose token it is, then calls `then` with the account, 0 for nobody's. Remembers the last
  // token for a few seconds, as an upload repeats it with each block.
  void Whose(const std::string& token, std::function<void(const v1::TokenReply&)> then);
  // `work` on the loop, from any thread, if the connection still lives.
  template <typename Reply>
  std::function<void(absl::Status, Reply)> Later(
      std::function<void(N2oConnection&, const absl::Status&, const Reply&)> work);
  void Close(net::CloseCode code);

  Worker& worker_;
  GatewayParts& parts_;
  std::shared_ptr<net::WebSocket> socket_;
  Place place_;
  TokenBucket rate_;
  std::string message_;  // of the present message as far as it has come
  std::deque<Message> waiting_;
  std::string known_token_;
  v1::TokenReply known_owner_;
  int64_t known_until_ms_ = 0;
  int64_t deadline_ms_;
  bool busy_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace chat::gateway
