#include "services/media/downloads.h"

#include "libs/base/status.h"
#include "libs/rpc/call.h"

namespace chat::media {
namespace {

constexpr size_t kMaxToken = 255;  // PROTOCOL 6
constexpr std::chrono::seconds kPatience{5};

}  // namespace

absl::StatusOr<Download> Downloads::Find(const std::string& token, const std::string& id) {
  if (token.empty() || token.size() > kMaxToken) return absl::UnauthenticatedError("no token");
  const rpc::Call call = rpc::Background(kPatience);
  v1::TokenRequest request;
  request.set_token(token);
  v1::TokenReply owner;
  CHAT_RETURN_IF_ERROR(
      rpc::Invoke(call, auth_, &v1::AuthInternal::StubInterface::Whose, request, &owner));
  if (owner.account_id() == 0) return absl::UnauthenticatedError("no live session has this token");
  CHAT_ASSIGN_OR_RETURN(std::optional<Object> object,
                        store_.Find(call.deadline, {AccountId{owner.account_id()}, id}));
  if (!object) return absl::NotFoundError("no such object of this account");
  CHAT_ASSIGN_OR_RETURN(std::shared_ptr<const ObjectFiles::Reader> file, files_.Open(object->id));
  return Download{object->id, object->size, object->filename, std::move(file)};
}

}  // namespace chat::media
