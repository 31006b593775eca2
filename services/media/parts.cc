#include "services/media/parts.h"

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "services/media/digests.h"

namespace chat::media {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr std::chrono::seconds kPatience{10};

SigningKey KeyOf(const S3Config& s3, const char* service) {
  return {s3.access_key, s3.secret_key, s3.region, service};
}

LinkLife LifeOf(const HttpConfig& http) {
  return {.put_s = http.put_link_life_s, .get_s = http.get_link_life_s};
}

std::unique_ptr<S3Space> MakeS3(const MediaConfig& config) {
  const S3Config& s3 = config.s3;
  if (s3.endpoint.empty()) return nullptr;
  return std::make_unique<S3Space>(S3Bucket{s3.endpoint, s3.bucket, s3.prefix, KeyOf(s3, "s3")},
                                   LifeOf(config.http));
}

std::unique_ptr<Sts> MakeSts(const S3Config& s3) {
  if (s3.sts_endpoint.empty()) return nullptr;
  return std::make_unique<Sts>(StsRole{s3.sts_endpoint, s3.sts_role_arn, s3.sts_life_s, s3.bucket,
                                       s3.prefix, KeyOf(s3, "sts")});
}

}  // namespace

absl::StatusOr<std::string> LinkSecret(const MediaConfig& config) {
  if (!config.http.link_secret.empty()) return config.http.link_secret;
  pg::Pool pool(config.pg_url, 1);
  return PgAttachmentStore(pool).Secret(std::chrono::steady_clock::now() + kPatience, "links",
                                        RandomBytes(kSecretBytes));
}

Parts::Parts(const MediaConfig& config_, std::string link_secret, const Peers& peers)
    : config(config_),
      pool(config.pg_url, static_cast<int>(config.pg_pool)),
      store(pool),
      attachment_store(pool),
      files(config.object_dir),
      transfers(store, files,
                {.quota = {.account_bytes = config.quota_bytes,
                           .object_bytes = config.max_object_bytes,
                           .unfinished = config.uploads_per_account},
                 .block_bytes = config.block_bytes,
                 .max_packet = config.max_packet}),
      links(config.http.public_url, std::move(link_secret)),
      local(links, LifeOf(config.http)),
      s3(MakeS3(config)),
      sts(MakeSts(config.s3)),
      auth(v1::AuthInternal::NewStub(peers.auth)),
      messaging(v1::FeedsInternal::NewStub(peers.messaging)),
      roster(v1::RosterInternal::NewStub(peers.roster)),
      attachments(attachment_store, files, links, space(), local,
                  {.object_bytes = config.max_object_bytes,
                   .account_bytes = config.quota_bytes,
                   .open_parts = config.link_parts_per_account}),
      housekeeping(
          store, [this](const StoredPlace& place) { return Erase(place); }, config.upload_life_s,
          std::chrono::seconds(config.sweep_s),
          [this] { files.RemoveLeftovers(config.upload_life_s); }),
      downloads(attachment_store, files, links, space(), {*auth, *messaging}),
      http(downloads, attachments,
           {.workers = config.http.workers,
            .connections = config.http.connections,
            .connections_per_address = config.http.connections_per_address,
            .idle_ms = config.http.idle_s * 1000,
            .head_bytes = static_cast<size_t>(config.http.head_bytes)}),
      feeds(*messaging, *roster),
      publisher(config.redis),
      outbox(pool, "media",
             [this](pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) {
               return feeds.Apply(deadline, rows);
             }),
      cdrs(pool, outbox),
      call_store(pool, outbox),
      calls(call_store, feeds,
            [this](std::vector<redis::Publication> batch) { publisher.Publish(std::move(batch)); },
            {.ring_s = config.calls.ring_s,
             .life_s = config.calls.life_s,
             .per_account = config.calls.per_account}) {}

absl::Status Parts::Erase(const StoredPlace& place) const {
  if (!place.remote) return files.Erase(place.id);
  return s3 ? s3->Erase(place.name) : absl::UnavailableError("s3_endpoint: is not set");
}

absl::Status Parts::StartHttp() {
  std::shared_ptr<net::TlsContext> tls;
  if (!config.http.tls_certificate.empty()) {
    CHAT_ASSIGN_OR_RETURN(tls, net::TlsContext::Load({.certificate = config.http.tls_certificate,
                                                      .key = config.http.tls_key,
                                                      .client_ca = "",
                                                      .require_client = false}));
  }
  CHAT_RETURN_IF_ERROR(http.Start(config.http.listen, std::move(tls)));
  links.SetBase(config.http.LinkBase(http.port()));
  log::Info("serving http", {{"port", http.port()}});
  return absl::OkStatus();
}

}  // namespace chat::media
