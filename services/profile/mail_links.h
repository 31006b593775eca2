// From an e-mail address to a verified one: Profile/link and Profile/email (PROTOCOL 5.3). Thread
// safe. A mail is handed over before its code is stored, so that a mail that does not go out
// changes nothing.
#pragma once

#include <absl/status/status.h>

#include "chat/v1/call.pb.h"
#include "libs/courier/courier.h"
#include "libs/rpc/call.h"
#include "services/profile/link_store.h"

namespace chat::profile {

class MailLinks {
 public:
  // Both outlive this.
  MailLinks(LinkStore& store, courier::Courier& courier) : store_(store), courier_(courier) {}

  absl::Status Link(const rpc::Call& call, const v1::Profile& request, v1::Reply* reply);
  absl::Status Verify(const rpc::Call& call, const v1::Profile& request, v1::Reply* reply);

 private:
  LinkStore& store_;
  courier::Courier& courier_;
};

}  // namespace chat::profile
