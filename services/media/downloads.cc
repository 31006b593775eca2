#include "services/media/downloads.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/rpc/call.h"

namespace chat::media {
namespace {

constexpr size_t kMaxToken = 255;  // PROTOCOL 6
constexpr std::chrono::seconds kPatience{5};

}  // namespace

absl::StatusOr<Download> Downloads::Find(const DownloadRequest& request) {
  const bool linked = !QueryValue(request.query, "signature").empty();
  CHAT_ASSIGN_OR_RETURN(Attachment object, linked ? ByLink(request) : ByToken(request));
  Download download{object.id, object.size, object.filename, object.content_type, nullptr, ""};
  if (object.remote) {
    if (!space_.remote()) return absl::UnavailableError("s3_endpoint: is not set");
    download.redirect = space_.GetLink(object);
    return download;
  }
  CHAT_ASSIGN_OR_RETURN(download.file, files_.Open(object.id));
  return download;
}

absl::StatusOr<Attachment> Downloads::ByLink(const DownloadRequest& request) {
  const int64_t now_s = Clock::System().UnixMs() / 1000;
  if (!links_.Allows(SignedLinks::Right::kRead, request.id, request.query, now_s)) {
    return absl::PermissionDeniedError("no valid link");
  }
  const pg::Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  CHAT_ASSIGN_OR_RETURN(AttachmentStore::Parts called,
                        store_.Called(deadline, AccountId{}, request.id));
  for (Attachment& object : called) {
    if (object.name == request.id) return std::move(object);
  }
  return absl::NotFoundError("no such object");
}

absl::StatusOr<Attachment> Downloads::ByToken(const DownloadRequest& request) {
  if (request.token.empty() || request.token.size() > kMaxToken) {
    return absl::UnauthenticatedError("no token");
  }
  const rpc::Call call = rpc::Background(kPatience);
  v1::TokenRequest whose;
  whose.set_token(request.token);
  v1::TokenReply owner;
  CHAT_RETURN_IF_ERROR(
      rpc::Invoke(call, peers_.auth, &v1::AuthInternal::StubInterface::Whose, whose, &owner));
  if (owner.account_id() == 0) return absl::UnauthenticatedError("no live session has this token");
  CHAT_ASSIGN_OR_RETURN(AttachmentStore::Parts called,
                        store_.Called(call.deadline, AccountId{owner.account_id()}, request.id));
  for (Attachment& object : called) {
    if (object.account.value == owner.account_id()) return std::move(object);
    v1::MayReadRequest asked;
    asked.set_account_id(owner.account_id());
    asked.set_uploader(object.account.value);
    asked.add_names(object.name);
    asked.add_names(object.transfer_id);
    v1::MayReadReply answer;
    absl::Status status =
        rpc::Invoke(call, peers_.feeds, &v1::FeedsInternal::StubInterface::MayRead, asked, &answer);
    // A messaging of the version before knows of no objects.
    if (!status.ok() && !absl::IsUnimplemented(status)) return status;
    if (answer.may()) return std::move(object);
  }
  return absl::NotFoundError("no such object for this account");
}

}  // namespace chat::media
