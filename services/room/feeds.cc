#include "services/room/feeds.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "libs/base/status.h"

namespace chat::room {
namespace {

constexpr size_t kBytesPerCall = 2 << 20;
// A last message may take a packet (1 MiB): a page that is over gRPC's 16 MiB is asked for by
// halves.
constexpr size_t kRoomsPerCall = 100;

}  // namespace

absl::Status Feeds::Send(pg::Deadline deadline, const v1::ApplyRequest& request) {
  rpc::Call call = rpc::Background(std::chrono::seconds(5));
  call.deadline = std::min(call.deadline, deadline);
  v1::ApplyReply reply;
  return rpc::Invoke(call, *stub_, &v1::FeedsInternal::Stub::Apply, request, &reply);
}

absl::Status Feeds::Apply(pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) {
  v1::ApplyRequest request;
  size_t bytes = 0;
  for (const pg::OutboxRow& row : rows) {
    if (bytes > 0 && bytes + row.payload.size() > kBytesPerCall) {
      CHAT_RETURN_IF_ERROR(Send(deadline, request));
      request.Clear();
      bytes = 0;
    }
    bytes += row.payload.size();
    v1::Change& change = *request.add_changes();
    if (!change.ParseFromString(row.payload)) {
      return absl::DataLossError(View("outbox row " + std::to_string(row.id)));
    }
    change.set_source("room");
    change.set_sequence(row.id);
  }
  if (request.changes().empty()) return absl::OkStatus();
  return Send(deadline, request);
}

absl::Status Feeds::AddViews(const rpc::Call& call, RosterId roster,
                             const std::vector<RoomId>& rooms, size_t begin, size_t end,
                             std::vector<v1::FeedView>& views) {
  v1::ViewsRequest request;
  request.set_roster_id(roster.value);
  for (size_t i = begin; i < end; ++i) request.add_rooms(rooms[i].value);
  v1::ViewsReply reply;
  const absl::Status status =
      rpc::Invoke(call, *stub_, &v1::FeedsInternal::Stub::Views, request, &reply);
  if (absl::IsResourceExhausted(status) && end - begin > 1) {
    const size_t middle = begin + (end - begin) / 2;
    CHAT_RETURN_IF_ERROR(AddViews(call, roster, rooms, begin, middle, views));
    return AddViews(call, roster, rooms, middle, end, views);
  }
  CHAT_RETURN_IF_ERROR(status);
  if (static_cast<size_t>(reply.views_size()) != end - begin) {
    return absl::InternalError("FeedsInternal.Views: another number of views than of rooms");
  }
  for (v1::FeedView& view : *reply.mutable_views()) views.push_back(std::move(view));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::FeedView>> Feeds::Views(const rpc::Call& call, RosterId roster,
                                                       const std::vector<RoomId>& rooms) {
  std::vector<v1::FeedView> views;
  views.reserve(rooms.size());
  for (size_t begin = 0; begin < rooms.size(); begin += kRoomsPerCall) {
    const size_t end = std::min(rooms.size(), begin + kRoomsPerCall);
    CHAT_RETURN_IF_ERROR(AddViews(call, roster, rooms, begin, end, views));
  }
  return views;
}

}  // namespace chat::room
