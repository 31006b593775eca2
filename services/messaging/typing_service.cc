#include "services/messaging/typing_service.h"

#include <set>
#include <string>
#include <vector>

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
  if (!PhoneId::Parse(typing.room())) return Denied("Typing.room: unknown peer or room");
  CHAT_ASSIGN_OR_RETURN(std::optional<AccountId> peer,
                        projections_.Friend(call.deadline, RosterId{author->id()}, typing.room()));
  if (!peer) return Denied("Typing.room: not friends");

  v1::Event event;
  event.set_lane(v1::Event::TRANSIENT);
  event.set_topic(P2pTopic(SortedPair(typing.author(), typing.room())));
  *event.mutable_record()->mutable_typing() = typing;
  event.set_trace(call.trace);
  event.set_author_client(call.caller.client_id());
  std::string payload = event.SerializeAsString();
  std::vector<redis::Publication> batch;
  for (int64_t account : std::set<int64_t>{call.caller.account_id(), peer->value}) {
    batch.push_back({"a:" + std::to_string(account), payload});
  }
  publish_(std::move(batch), [](bool) {});
  return absl::OkStatus();
}

}  // namespace chat::messaging
