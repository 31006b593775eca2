#include "services/roster/loc_service.h"

#include "libs/rpc/call.h"
#include "libs/rpc/refusal.h"

namespace chat::roster {
namespace {

bool IsNumber(const v1::Number& number) { return number.value_case() != v1::Number::VALUE_NOT_SET; }

}  // namespace

grpc::Status LocService::Relay(grpc::ServerContext* context, const v1::Loc* request, v1::Reply*) {
  return rpc::Serve(context, "LocService/Relay", [&](const rpc::Call& call) -> absl::Status {
    if (!IsNumber(request->x()) || !IsNumber(request->y()) || !IsNumber(request->z())) {
      return rpc::Refuse(v1::INVALID_DATA, "Loc: three numbers are needed");
    }
    v1::Event event;
    event.set_topic("ses/" + call.caller.phone());
    *event.mutable_record()->mutable_loc() = *request;
    event.set_qos(2);
    event.set_trace(call.trace);
    event.set_author_client(call.caller.client_id());
    transient_.ToAccount({call.caller.account_id()}, std::move(event));
    return absl::OkStatus();
  });
}

}  // namespace chat::roster
