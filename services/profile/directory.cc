#include "services/profile/directory.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/rpc/call.h"

namespace chat::profile {

pg::Outbox::Deliver TellDirectory(v1::RosterInternal::StubInterface& roster) {
  return [&roster](pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) -> absl::Status {
    v1::PutAccountRequest request;
    if (!request.ParseFromString(rows.back().payload)) {
      return absl::DataLossError(View("outbox row " + std::to_string(rows.back().id)));
    }
    rpc::Call call = rpc::Background(std::chrono::seconds(5));
    call.deadline = std::min(call.deadline, deadline);
    v1::PutAccountReply reply;
    return rpc::Invoke(call, roster, &v1::RosterInternal::StubInterface::PutAccount, request,
                       &reply);
  };
}

}  // namespace chat::profile
