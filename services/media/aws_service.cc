#include "services/media/aws_service.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/rpc/refusal.h"

namespace chat::media {
namespace {

constexpr std::chrono::milliseconds kPatience{5000};

v1::Service& Answer(v1::Reply* reply, const char* status) {
  v1::Io& io = *reply->add_records()->mutable_io();
  io.mutable_ok()->set_atom("aws");
  io.mutable_service()->set_type("aws");
  io.mutable_service()->set_status(status);
  return *io.mutable_service();
}

void Verified(v1::Reply* reply, const TemporaryCredentials& credentials) {
  v1::Service& service = Answer(reply, "verified");
  service.set_id(credentials.access_key);
  service.set_login(credentials.secret_key);
  service.set_password(credentials.session_token);
  service.set_expiration(credentials.expires_ms);
}

}  // namespace

grpc::Status AwsService::Aws(grpc::ServerContext* context, const v1::Profile*, v1::Reply* reply) {
  return rpc::Serve(context, "AwsService/Aws", [&](const rpc::Call& call) -> absl::Status {
    if (sts_ == nullptr) return rpc::Refuse(v1::AWS, "sts_endpoint: is not set");
    const AccountId account{call.caller.account_id()};
    const int64_t now_ms = Clock::System().UnixMs();
    if (auto kept = sts_->Kept(account, now_ms)) {
      Verified(reply, *kept);
      return absl::OkStatus();
    }
    Answer(reply, "added");
    absl::StatusOr<TemporaryCredentials> credentials = sts_->Assume(account, now_ms, kPatience);
    if (credentials.ok()) {
      Verified(reply, *credentials);
    } else {
      log::Warn("no temporary credentials",
                {{"trace", call.trace}, {"why", Message(credentials.status())}});
      reply->add_records()->mutable_io()->mutable_error()->set_code("aws");
    }
    return absl::OkStatus();
  });
}

}  // namespace chat::media
