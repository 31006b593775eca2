// What an Auth tuple claims, in the terms of the rules.
#pragma once

#include <string>
#include <string_view>

#include "chat/v1/call.pb.h"
#include "services/auth/code_rules.h"

namespace chat::auth {

// The operating systems of PROTOCOL 3.3.
inline bool IsOs(std::string_view os) { return os == "ios" || os == "android" || os == "web"; }

inline Claim ClaimOf(const v1::Caller& caller, const v1::Auth& auth) {
  return {caller.client_id(), auth.client_id(), auth.dev_key(), auth.phone()};
}

inline bool HasService(const v1::Auth& auth, std::string_view service) {
  for (const std::string& atom : auth.services()) {
    if (atom == service) return true;
  }
  return false;
}

}  // namespace chat::auth
