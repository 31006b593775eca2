#include "services/messaging/typing_service.h"

#include <string>
#include <utility>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/refusal.h"
#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

absl::Status Denied(std::string_view why) { return rpc::Refuse(v1::PERMISSION_DENIED, why); }

}  // namespace

grpc::Status TypingService::Relay(grpc::ServerContext* context, const v1::Typing* request,
                                  v1::Reply*) {
  static prometheus::Counter& relayed =
      metrics::Counter("chat_messaging_typing_relayed_total", "Typing that was passed on.");
  static prometheus::Counter& dropped = metrics::Counter(
      "chat_messaging_typing_dropped_total", "Typing that was refused or could not be passed on.");
  return rpc::Serve(context, "TypingService/Relay", [&](const rpc::Call& call) {
    absl::Status status = Publish(call, *request);
    (status.ok() ? relayed : dropped).Increment();
    if (!status.ok()) {
      log::Debug("typing dropped", {{"trace", call.trace}, {"why", Message(status)}});
    }
    return absl::OkStatus();
  });
}

absl::Status TypingService::Publish(const rpc::Call& call, const v1::Typing& typing) {
  const v1::OwnRoster* author = nullptr;
  for (const v1::OwnRoster& own : call.caller.rosters()) {
    if (typing.has_author() && own.phone_id() == typing.author()) author = &own;
  }
  if (author == nullptr) return Denied("Typing.author: not the caller's");
  v1::Event event;
  if (PhoneId::Parse(typing.room())) {
    event.set_topic(P2pTopic(SortedPair(typing.author(), typing.room())));
  } else {
    event.set_topic("room/" + typing.room());
  }
  *event.mutable_record()->mutable_typing() = typing;
  event.set_author_client(call.caller.client_id());
  return lane_.Relay(call, AccountId{call.caller.account_id()}, RosterId{author->id()},
                     std::move(event));
}

}  // namespace chat::messaging
