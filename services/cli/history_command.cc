// history: History/get, page by page (PROTOCOL 5.6.4).
#include <algorithm>

#include "libs/base/status.h"
#include "services/cli/commands.h"
#include "services/cli/dialogue.h"
#include "services/cli/peers.h"

namespace chat::cli {

namespace {

constexpr int64_t kDefaultCount = -50;
constexpr int64_t kMaxPage = 1000;

absl::StatusOr<Received> GetPage(Dialogue& dialogue, const Peer& peer, int64_t size,
                                 int64_t entity) {
  v1::History request;
  request.set_roster_id(peer.own);
  SetFeed(peer, &request);
  request.set_size(size);
  request.set_entity_id(entity);
  request.set_status(v1::History::GET);
  return dialogue.Ask(request, [&](const Received& received) {
    const auto* reply = received.reply ? received.As<v1::History>() : nullptr;
    return reply != nullptr && reply->status() == v1::History::GET &&
           reply->entity_id() == entity && !received.incoming.dup;
  });
}

}  // namespace

absl::Status History(const Arguments& arguments) {
  CHAT_ASSIGN_OR_RETURN(const auto dialogue,
                        Dialogue::Open(arguments, Dialogue::State::kAuthenticated));
  CHAT_ASSIGN_OR_RETURN(const Peer peer,
                        ResolvePeer(*dialogue, arguments.operands[0], v1::Contact::FRIEND));
  const int64_t count = arguments.count.value_or(0) == 0 ? kDefaultCount : *arguments.count;
  const int64_t direction = count < 0 ? -1 : 1;
  int64_t left = count * direction;
  int64_t entity = 0;
  std::vector<std::string> lines;
  while (left > 0) {
    // A page that continues begins with the last message of the one before.
    const int64_t size = std::min(left + (entity == 0 ? 0 : 1), kMaxPage) * direction;
    CHAT_ASSIGN_OR_RETURN(const Received reply, GetPage(*dialogue, peer, size, entity));
    const auto& page = *reply.As<v1::History>();
    const size_t before = lines.size();
    for (const v1::Message& message : page.data()) {
      if (message.id() == entity) continue;
      lines.push_back(Printable(Summary(message)));
      --left;
    }
    // The page that only says that the end is reached is not printed.
    if (arguments.json && (entity == 0 || lines.size() > before)) {
      CHAT_RETURN_IF_ERROR(PrintLine(ToJsonLine(reply)));
    }
    if (page.data().empty() || page.size() == entity) break;
    entity = page.size();
  }
  if (arguments.json) return absl::OkStatus();
  if (direction < 0) std::reverse(lines.begin(), lines.end());
  for (const std::string& line : lines) CHAT_RETURN_IF_ERROR(PrintLine(line));
  return absl::OkStatus();
}

}  // namespace chat::cli
