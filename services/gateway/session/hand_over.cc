#include "services/gateway/session/hand_over.h"

#include <utility>

#include "libs/log/log.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

namespace {

v1::TakeOverReply OfEnded(GatewayParts& parts, int64_t session, int64_t epoch) {
  v1::TakeOverReply reply;
  if (auto left = parts.ends->Take(session, epoch)) {
    *reply.mutable_left() = *std::move(left);
    reply.set_ended(true);
  }
  return reply;
}

}  // namespace

void TakeOverHere(GatewayParts& parts, int64_t session, int64_t epoch,
                  std::function<void(v1::TakeOverReply)> done) {
  const std::optional<ConnectionRef> older = parts.registry.Older(session, epoch);
  if (!older) return done(OfEnded(parts, session, epoch));
  log::Info("session taken over", {{"session", session}, {"epoch", epoch}});
  parts.workers[older->worker]->FindClient(
      older->client, [&parts, session, epoch, done = std::move(done)](Client* client) {
        if (client == nullptr) return done(OfEnded(parts, session, epoch));
        v1::TakeOverReply reply;
        *reply.mutable_left() = client->TakenOver();
        done(std::move(reply));
      });
}

}  // namespace chat::gateway
