// What a chat-media process is made of, in the order of its dependencies.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "libs/pg/pool.h"
#include "services/media/downloads.h"
#include "services/media/housekeeping.h"
#include "services/media/http_server.h"
#include "services/media/media_config.h"
#include "services/media/pg_object_store.h"
#include "services/media/transfers.h"

namespace chat::media {

struct Parts {
  // `config` has passed Check().
  Parts(const MediaConfig& config, const std::shared_ptr<grpc::Channel>& auth_channel)
      : pool(config.pg_url, static_cast<int>(config.pg_pool)),
        store(pool),
        files(config.object_dir),
        transfers(store, files,
                  {.quota = {.account_bytes = config.quota_bytes,
                             .object_bytes = config.max_object_bytes,
                             .unfinished = config.uploads_per_account},
                   .block_bytes = config.block_bytes,
                   .max_packet = config.max_packet}),
        housekeeping(store, files, config.upload_life_s, std::chrono::seconds(config.sweep_s)),
        auth(v1::AuthInternal::NewStub(auth_channel)),
        downloads(store, files, *auth),
        http(downloads, {.workers = config.http_workers,
                         .connections = config.http_connections,
                         .connections_per_address = config.http_connections_per_address,
                         .idle_ms = config.http_idle_s * 1000,
                         .head_bytes = static_cast<size_t>(config.http_head_bytes)}) {}

  pg::Pool pool;
  PgObjectStore store;
  ObjectFiles files;
  Transfers transfers;
  Housekeeping housekeeping;
  std::unique_ptr<v1::AuthInternal::Stub> auth;
  Downloads downloads;
  HttpServer http;
};

}  // namespace chat::media
