// What a chat-media process is made of, in the order of its dependencies.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "libs/pg/outbox.h"
#include "libs/pg/pool.h"
#include "libs/redis/publisher.h"
#include "services/media/attachments.h"
#include "services/media/calls.h"
#include "services/media/downloads.h"
#include "services/media/feeds.h"
#include "services/media/housekeeping.h"
#include "services/media/http_server.h"
#include "services/media/local_space.h"
#include "services/media/media_config.h"
#include "services/media/pg_attachment_store.h"
#include "services/media/pg_call_store.h"
#include "services/media/pg_cdr_store.h"
#include "services/media/pg_object_store.h"
#include "services/media/s3_space.h"
#include "services/media/sts.h"
#include "services/media/transfers.h"

namespace chat::media {

// The secret of links: the configured one, or the one that all replicas share in PostgreSQL.
absl::StatusOr<std::string> LinkSecret(const MediaConfig& config);

struct Peers {
  std::shared_ptr<grpc::Channel> auth, messaging, roster;
};

struct Parts {
  // `config` has passed Check().
  Parts(const MediaConfig& config, std::string link_secret, const Peers& peers);
  absl::Status StartHttp();

 private:
  const ObjectSpace& space() const { return s3 ? static_cast<const ObjectSpace&>(*s3) : local; }
  absl::Status Erase(const StoredPlace& place) const;

 public:
  const MediaConfig config;
  pg::Pool pool;
  PgObjectStore store;
  PgAttachmentStore attachment_store;
  ObjectFiles files;
  Transfers transfers;
  SignedLinks links;
  LocalSpace local;
  const std::unique_ptr<S3Space> s3;  // nullptr: objects of uploads are local
  const std::unique_ptr<Sts> sts;     // nullptr: Profile/aws is refused
  std::unique_ptr<v1::AuthInternal::Stub> auth;
  std::unique_ptr<v1::FeedsInternal::Stub> messaging;
  std::unique_ptr<v1::RosterInternal::Stub> roster;
  Attachments attachments;
  Housekeeping housekeeping;
  Downloads downloads;
  HttpServer http;
  Feeds feeds;
  redis::Publisher publisher;
  pg::Outbox outbox;
  PgCdrStore cdrs;
  PgCallStore call_store;
  Calls calls;
};

}  // namespace chat::media
