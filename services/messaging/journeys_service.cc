#include "services/messaging/journeys_service.h"

#include "libs/rpc/call.h"

namespace chat::messaging {

void PublishedNotes::Add(const std::vector<rpc::Journeys::About>& events, bool taken) {
  std::lock_guard lock(mutex_);
  for (const rpc::Journeys::About& about : events) {
    journeys_.Add(taken ? v1::Note::PUBLISHED : v1::Note::UNPUBLISHED, about);
  }
}

void PublishedNotes::Find(const v1::NotesRequest& request, v1::NotesReply* reply) const {
  std::lock_guard lock(mutex_);
  journeys_.Find(request, reply);
}

grpc::Status JourneysService::Notes(grpc::ServerContext* context, const v1::NotesRequest* request,
                                    v1::NotesReply* reply) {
  return rpc::Serve(context, "JourneysInternal/Notes", [&](const rpc::Call&) {
    reply->set_name(name_);
    notes_.Find(*request, reply);
    return absl::OkStatus();
  });
}

}  // namespace chat::messaging
