// What `chat trace` asks a replica of messaging: which events it has published, and when.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "chat/v1/trace.grpc.pb.h"
#include "libs/rpc/journeys.h"

namespace chat::messaging {

// Thread safe.
class PublishedNotes {
 public:
  explicit PublishedNotes(size_t notes) : journeys_(notes) {}
  // `taken`: whether Redis took them.
  void Add(const std::vector<rpc::Journeys::About>& events, bool taken);
  void Find(const v1::NotesRequest& request, v1::NotesReply* reply) const;

 private:
  mutable std::mutex mutex_;
  rpc::Journeys journeys_;
};

class JourneysService final : public v1::JourneysInternal::Service {
 public:
  // `notes` outlives it.
  JourneysService(const PublishedNotes& notes, std::string name)
      : notes_(notes), name_(std::move(name)) {}
  grpc::Status Notes(grpc::ServerContext* context, const v1::NotesRequest* request,
                     v1::NotesReply* reply) override;

 private:
  const PublishedNotes& notes_;
  const std::string name_;
};

}  // namespace chat::messaging
