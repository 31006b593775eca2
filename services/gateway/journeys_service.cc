#include "services/gateway/journeys_service.h"

#include <mutex>

#include "libs/rpc/call.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

grpc::ServerUnaryReactor* JourneysService::Notes(grpc::CallbackServerContext* context,
                                                 const v1::NotesRequest* request,
                                                 v1::NotesReply* reply) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  struct Gathered {
    std::mutex mutex;
    size_t awaited;
  };
  auto gathered = std::make_shared<Gathered>();
  gathered->awaited = parts_.workers.size();
  reply->set_name(name_);
  const auto asked = std::make_shared<const v1::NotesRequest>(*request);
  for (auto& worker : parts_.workers) {
    worker->FindNotes(asked, [gathered, reactor, reply, call = rpc::FromServerContext(*context),
                              begin = std::chrono::steady_clock::now()](v1::NotesReply found) {
      std::lock_guard lock(gathered->mutex);
      if (found.since_us() != 0 &&
          (reply->since_us() == 0 || found.since_us() < reply->since_us())) {
        reply->set_since_us(found.since_us());
      }
      reply->mutable_notes()->MergeFrom(found.notes());
      if (--gathered->awaited > 0) return;
      reactor->Finish(rpc::Served(call, "JourneysInternal/Notes", begin, absl::OkStatus()));
    });
  }
  return reactor;
}

}  // namespace chat::gateway
