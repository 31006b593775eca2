// The commands against a scripted server: what they send, print, store and acknowledge.
#include "services/cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <mutex>
#include <sstream>
#include <thread>

#include "chat/v1/records.pb.h"
#include "libs/base/status.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"
#include "libs/client/content.h"
#include "libs/client/failure.h"
#include "libs/client/loopback_server.h"
#include "libs/client/request.h"
#include "services/cli/home.h"

namespace chat::cli {
namespace {

using client::Failure;
using client::FailureOf;
using client::LoopbackPeer;
using client::LoopbackScript;
using client::LoopbackServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kOwn[] = "380670001234_1";
constexpr char kFriend[] = "380670002234_2";
constexpr char kFeedTopic[] = "p2p/380670001234_1/380670002234_2";

std::string Encoded(const std::string& erlang) {
  auto term = bert::ParseErlangText(erlang);
  EXPECT_TRUE(term.ok()) << erlang;
  return bert::Encode(term.term());
}

std::string ContactText(const std::string& phone_id, const std::string& status) {
  return "{'Contact',<<\"" + phone_id + "\">>,[],[],[],[],[],[],0,0,[],0,[],[]," + status + "}";
}

std::string RosterText(const std::string& contacts, const std::string& status) {
  return "{'Roster',1,<<\"Olena\">>,[],[],[],[" + contacts +
         "],[],[],[],<<\"380670001234\">>,[],0," + status + "}";
}

std::string ProfileText(const std::string& contacts) {
  return "{'Profile',<<\"380670001234\">>,[],[" + RosterText(contacts, "[]") +
         "],[],0,0,online,init}";
}

std::string MessageText(int id, const std::string& msg_id, const std::string& text) {
  return "{'Message'," + std::to_string(id) + ",chain,{p2p,<<\"" + kOwn + "\">>,<<\"" + kFriend +
         "\">>},[],[],<<\"" + msg_id + "\">>,<<\"" + kFriend + "\">>,<<\"" + kOwn +
         "\">>,1,[{'Desc',<<\"d\">>,<<\"text\">>,<<\"" + text + "\">>,0,[],[]}],[],[],[],sent}";
}

// A server that greets and answers each request by the test's `answer`: Erlang texts by topic, sent
// in this order. "reply" is the client's own topic.
class CommandsTest : public ::testing::Test {
 protected:
  using Answers = std::vector<std::pair<std::string, std::string>>;

  CommandsTest() { arguments_.home = ::testing::TempDir() + "commands_test_" + RandomHex(6); }
  ~CommandsTest() override { std::filesystem::remove_all(arguments_.home); }

  // The device is verified already.
  void SignIn(const std::string& contacts = "") {
    const Home home = *Home::Open(arguments_.home);
    Identity identity = *home.Load();
    identity.client_id = "emqttd_1";
    identity.token = "secret-token";
    ASSERT_TRUE(home.Store(identity).ok());
    profile_ = ProfileText(contacts);
  }

  void Serve(std::function<Answers(const client::Content&)> answer) {
    LoopbackScript script;
    script.greet = [this](LoopbackPeer& peer) {
      peer.SendFirst(Topic(peer), Encoded("{vnode_max,4}"));
      if (!profile_.empty()) peer.SendFirst(Topic(peer), Encoded(profile_));
      const std::lock_guard lock(mutex_);
      passwords_.push_back(peer.password());
    };
    script.publish = [this, answer = std::move(answer)](LoopbackPeer& peer, std::string_view topic,
                                                        std::string_view payload) {
      EXPECT_EQ(topic, client::kRequestTopic);
      const auto content = client::ReadContent(payload);
      ASSERT_TRUE(content.ok());
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(bert::ToErlangText(content->term));
      }
      for (const auto& [target, erlang] : answer(*content)) {
        if (erlang == "withhold") {
          peer.Withhold();
        } else {
          peer.Send(target == "reply" ? Topic(peer) : target, Encoded(erlang));
        }
      }
    };
    server_ = std::make_unique<LoopbackServer>(std::move(script));
    arguments_.gateway = server_->address();
    arguments_.timeout_ms = 5000;
  }

  // Runs a command; its output is in output_.
  absl::Status Run(absl::Status (*command)(const Arguments&),
                   std::vector<std::string> operands = {}) {
    arguments_.operands = std::move(operands);
    ::testing::internal::CaptureStdout();
    const absl::Status status = command(arguments_);
    output_ = ::testing::internal::GetCapturedStdout();
    return status;
  }

  Identity Stored() const { return *Home::Open(arguments_.home)->Load(); }
  std::vector<std::string> Requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    std::istringstream stream(output_);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  static std::string Topic(const LoopbackPeer& peer) {
    return client::ReplyTopic(peer.client_id());
  }

  Arguments arguments_;
  std::string profile_;
  std::string output_;
  std::vector<std::string> passwords_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::unique_ptr<LoopbackServer> server_;
};

TEST_F(CommandsTest, RegisterConnectsAsARegisteringDeviceAndPrintsTheAnswer) {
  Serve([](const client::Content&) -> Answers { return {{"reply", "{io,{ok,sms_sent},<<>>}"}}; });
  ASSERT_TRUE(Run(Register, {"+380670001234"}).ok());
  EXPECT_EQ(output_, "sms_sent\n");
  const Identity identity = Stored();
  EXPECT_THAT(Requests(),
              ElementsAre("{'Auth',<<\"reg_" + identity.device + "\">>,<<\"" + identity.dev_key +
                          "\">>,[],<<\"380670001234\">>,[],reg,[],[],[],[],[],[],[]}"));
}

TEST_F(CommandsTest, ARefusalIsTheCodeAlone) {
  Serve([](const client::Content&) -> Answers {
    return {{"reply", "{io,{error,invalid_data},<<>>}"}};
  });
  const absl::Status status = Run(Register, {"12"});
  EXPECT_EQ(FailureOf(status), Failure::kRefused);
  EXPECT_EQ(Message(status), "invalid_data");
  EXPECT_EQ(output_, "");
}

TEST_F(CommandsTest, VerifyStoresTheTokenAndPrintsItNowhere) {
  Serve([](const client::Content&) -> Answers {
    return {{"reply", "{io,{ok2,login,{<<\"emqttd_9\">>,<<\"secret-token\">>}},<<>>}"},
            {"reply", ProfileText("")}};
  });
  for (const bool json : {false, true}) {
    arguments_.json = json;
    ASSERT_TRUE(Run(Verify, {"380670001234", "123456"}).ok());
    EXPECT_THAT(output_, Not(HasSubstr("secret-token")));
    EXPECT_EQ(Stored().token, "secret-token");
    EXPECT_EQ(Stored().client_id, "emqttd_9");
  }
  EXPECT_THAT(output_, HasSubstr("\"record\":\"Profile\""));
  struct stat status {};
  ASSERT_EQ(stat((arguments_.home + "/device.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(CommandsTest, WithoutATokenNothingIsSent) {
  Serve([](const client::Content&) -> Answers { return {}; });
  const absl::Status status = Run(Login);
  EXPECT_EQ(FailureOf(status), Failure::kRefused);
  EXPECT_THAT(Message(status), testing::StartsWith("not_authorized\n"));
  EXPECT_EQ(server_->bytes_received(), 0u);
}

TEST_F(CommandsTest, LoginPrintsPhonePhoneIdsAndContacts) {
  SignIn(ContactText(kFriend, "friend"));
  Serve([](const client::Content&) -> Answers { return {}; });
  ASSERT_TRUE(Run(Login).ok());
  EXPECT_THAT(Lines(), ElementsAre("phone 380670001234", "phone id 380670001234_1",
                                   "contact 380670002234_2 friend"));
  EXPECT_THAT(passwords_, ElementsAre("secret-token"));
  EXPECT_THAT(Stored().phone_ids, ElementsAre(kOwn));
}

TEST_F(CommandsTest, ARenewedTokenIsStored) {
  SignIn();
  LoopbackScript script;
  script.greet = [&](LoopbackPeer& peer) {
    peer.SendFirst(Topic(peer), Encoded("{io,{ok2,login,{<<\"emqttd_1\">>,<<\"newer\">>}},<<>>}"));
    peer.SendFirst(Topic(peer), Encoded(profile_));
  };
  LoopbackServer server(std::move(script));
  arguments_.gateway = server.address();
  ASSERT_TRUE(Run(Login).ok());
  EXPECT_EQ(Stored().token, "newer");
  EXPECT_THAT(output_, Not(HasSubstr("newer")));
}

TEST_F(CommandsTest, LogoutForgetsTheTokenAndKeepsTheDevice) {
  SignIn();
  const std::string device = Stored().device;
  Serve([](const client::Content&) -> Answers {
    return {{"reply", "{io,{ok,logout},{'Auth',<<\"secret-token\">>}}"}};
  });
  ASSERT_TRUE(Run(Logout).ok());
  EXPECT_EQ(Stored().token, "");
  EXPECT_EQ(Stored().device, device);
}

std::string OwnCopy(const client::Content& content, int id) {
  const auto* message = content.As<v1::Message>();
  return message == nullptr ? "none" : MessageText(id, message->msg_id(), "hello");
}

TEST_F(CommandsTest, SendPrintsTheIdOfItsOwnCopy) {
  SignIn(ContactText(kFriend, "friend"));
  Serve([](const client::Content& content) -> Answers {
    return {{kFeedTopic, MessageText(16, "of-another", "not mine")},
            {kFeedTopic, OwnCopy(content, 17)}};
  });
  ASSERT_TRUE(Run(Send, {"380670002234", "hello"}).ok());
  EXPECT_EQ(output_, "17\n");
  EXPECT_THAT(Requests()[0], HasSubstr("{p2p,<<\"380670001234_1\">>,<<\"380670002234_2\">>}"));
}

TEST_F(CommandsTest, SendToARoomNamesTheRoom) {
  SignIn();
  Serve([](const client::Content& content) -> Answers {
    return {{"room/lobby", OwnCopy(content, 18)}};
  });
  ASSERT_TRUE(Run(Send, {"lobby", "hello"}).ok());
  EXPECT_EQ(output_, "18\n");
  EXPECT_THAT(Requests()[0], HasSubstr("{muc,<<\"lobby\">>}"));
}

TEST_F(CommandsTest, ARefusedSendIsTheCodeOfTheServer) {
  SignIn();
  Serve([](const client::Content&) -> Answers {
    return {{"reply", "{io,{error,permission_denied},<<>>}"}};
  });
  const absl::Status status = Run(Send, {kFriend, "hello"});
  EXPECT_EQ(FailureOf(status), Failure::kRefused);
  EXPECT_EQ(Message(status), "permission_denied");
}

TEST_F(CommandsTest, UnavailableIsSaidThoughTheAcknowledgementIsWithheld) {
  SignIn();
  Serve([](const client::Content&) -> Answers {
    return {{"reply", "{io,{error,unavailable},<<>>}"}, {"", "withhold"}};
  });
  EXPECT_EQ(Message(Run(Send, {kFriend, "hello"})), "unavailable");
}

TEST_F(CommandsTest, MoreStoredEventsThanTheWindowDoNotBlockACommandAndAreListensLater) {
  SignIn();
  Serve([](const client::Content& content) -> Answers {
    return {{kFeedTopic, OwnCopy(content, 99)}};
  });
  std::vector<std::string> expected;
  for (int id = 1; id <= 80; ++id) {
    server_->Deliver("emqttd_1", kFeedTopic, Encoded(MessageText(id, "m", "x")));
    expected.push_back(std::string(kFeedTopic) + "  #" + std::to_string(id) + " " + kFriend +
                       ": x");
  }
  ASSERT_TRUE(Run(Send, {kFriend, "hello"}).ok());
  EXPECT_EQ(output_, "99\n");
  arguments_.count = 80;
  ASSERT_TRUE(Run(Listen).ok());
  EXPECT_EQ(Lines(), expected);
}

TEST_F(CommandsTest, ListenAcknowledgesWhatItHasPrintedAndNothingElse) {
  SignIn();
  Serve([](const client::Content&) -> Answers { return {}; });
  for (int id = 1; id <= 3; ++id) {
    server_->Deliver("emqttd_1", kFeedTopic, Encoded(MessageText(id, "m", "x")));
  }
  arguments_.count = 2;
  arguments_.json = true;
  ASSERT_TRUE(Run(Listen).ok());
  EXPECT_EQ(Lines().size(), 2u);
  EXPECT_THAT(Lines()[0], HasSubstr("\"record\":\"Message\""));
  arguments_.count = 1;
  ASSERT_TRUE(Run(Listen).ok());
  EXPECT_THAT(output_, HasSubstr("{'Message',3,"));
}

TEST_F(CommandsTest, ListenShowsTheGreetingOnlyWhenAsked) {
  SignIn();
  Serve([](const client::Content&) -> Answers { return {}; });
  arguments_.all = true;
  arguments_.count = 2;
  ASSERT_TRUE(Run(Listen).ok());
  EXPECT_THAT(output_, HasSubstr("{vnode_max,4}"));
  arguments_.all = false;
  arguments_.count.reset();
  arguments_.listen_ms = 50;
  ASSERT_TRUE(Run(Listen).ok());
  EXPECT_EQ(output_, "");
}

TEST_F(CommandsTest, ListenGoesOnAfterALostConnection) {
  SignIn();
  Serve([](const client::Content&) -> Answers { return {}; });
  server_->Deliver("emqttd_1", kFeedTopic, Encoded(MessageText(1, "m", "first")));
  std::thread network([this] {
    const auto acknowledged = [this] {
      for (const auto& payload : server_->acknowledged()) {
        if (payload == Encoded(MessageText(1, "m", "first"))) return true;
      }
      return false;
    };
    while (!acknowledged()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    server_->DropAll();
    server_->Deliver("emqttd_1", kFeedTopic, Encoded(MessageText(2, "m", "second")));
  });
  arguments_.count = 2;
  arguments_.listen_ms = 20'000;
  const absl::Status status = Run(Listen);
  network.join();
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(Lines().size(), 2u);
  EXPECT_THAT(Lines()[1], HasSubstr("second"));
  EXPECT_GE(passwords_.size(), 2u);
}

TEST_F(CommandsTest, OneListenOfAHomeIsEnough) {
  SignIn();
  Serve([](const client::Content&) -> Answers { return {}; });
  const auto other = Home::Open(arguments_.home)->LockListening();
  ASSERT_TRUE(other.ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Run(Listen)));
}

TEST_F(CommandsTest, FriendAddFindsAStrangerByPhone) {
  SignIn();
  Serve([](const client::Content& content) -> Answers {
    if (const auto* search = content.As<v1::Search>()) {
      EXPECT_EQ(search->field(), "phone");
      EXPECT_EQ(search->one(), "380670002234");
      return {{"reply", "{io,{ok,<<\"" + search->ref() + "\">>}," +
                            RosterText(ContactText(kFriend, "[]"), "contact") + "}"}};
    }
    return {{"ses/380670001234", ContactText("380679999999_9", "request")},
            {"ses/380670001234", ContactText(kFriend, "request")}};
  });
  ASSERT_TRUE(Run(FriendAdd, {"+380670002234"}).ok());
  EXPECT_EQ(output_, "requested 380670002234_2\n");
  EXPECT_EQ(Requests()[1], "{'Friend',<<\"380670001234_1\">>,<<\"380670002234_2\">>,request}");
}

TEST_F(CommandsTest, ASearchThatIsRefusedIsSaidSo) {
  SignIn();
  Serve([](const client::Content&) -> Answers {
    return {{"reply", "{io,{error,invalid_data},<<>>}"}};
  });
  const absl::Status status = Run(FriendAdd, {"380670002234"});
  EXPECT_EQ(FailureOf(status), Failure::kRefused);
  EXPECT_THAT(Message(status), testing::StartsWith("invalid_data\nthe server refused to search"));
}

TEST_F(CommandsTest, AStrangerWhoIsNotFoundIsNoContact) {
  SignIn();
  Serve([](const client::Content& content) -> Answers {
    const auto* search = content.As<v1::Search>();
    if (search == nullptr) return {};
    return {{"reply", "{io,{ok,<<\"" + search->ref() + "\">>}," + RosterText("", "contact") + "}"}};
  });
  EXPECT_EQ(Message(Run(FriendAdd, {"380670002234"})), "contact_not_found");
}

TEST_F(CommandsTest, FriendConfirmTakesTheContactThatWaits) {
  SignIn(ContactText(kFriend, "authorization"));
  Serve([](const client::Content&) -> Answers {
    return {{"reply", "{io,{ok,added},{ok,added}}"}};
  });
  ASSERT_TRUE(Run(FriendConfirm, {"380670002234"}).ok());
  EXPECT_EQ(output_, "friend 380670002234_2\n");
  EXPECT_THAT(Requests(),
              ElementsAre("{'Friend',<<\"380670001234_1\">>,<<\"380670002234_2\">>,confirm}"));
}

TEST_F(CommandsTest, WithNobodyWaitingThereIsNothingToConfirm) {
  SignIn(ContactText(kFriend, "request"));
  Serve([](const client::Content&) -> Answers { return {}; });
  EXPECT_EQ(Message(Run(FriendConfirm, {"380670002234"})), "contact_not_found");
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(CommandsTest, APhoneWithSeveralRostersMustBeNamedByPhoneId) {
  SignIn(ContactText(kFriend, "friend") + "," + ContactText("380670002234_3", "friend"));
  Serve([](const client::Content&) -> Answers { return {}; });
  const absl::Status status = Run(Send, {"380670002234", "hello"});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(Message(status), HasSubstr("380670002234_2 380670002234_3"));
}

TEST_F(CommandsTest, HistoryPagesUntilItHasEnoughAndPrintsTheOldestFirst) {
  SignIn();
  Serve([](const client::Content& content) -> Answers {
    const auto* request = content.As<v1::History>();
    if (request == nullptr) return {};
    // Two messages a page, newest first, 9 down to 5.
    const int from = request->entity_id() == 0 ? 9 : static_cast<int>(request->entity_id());
    const int to = std::max(from - 1, 5);
    std::string data;
    for (int id = from; id >= to; --id) {
      data += (data.empty() ? "" : ",") + MessageText(id, "m", "n" + std::to_string(id));
    }
    return {{"reply",
             "{'History',<<\"380670001234_1\">>,{p2p,<<\"380670001234_1\">>,"
             "<<\"380670002234_2\">>}," +
                 std::to_string(to) + "," + std::to_string(request->entity_id()) + ",[" + data +
                 "],get}"}};
  });
  arguments_.count = -4;
  ASSERT_TRUE(Run(History, {kFriend}).ok());
  EXPECT_THAT(Lines(), ElementsAre("#6 380670002234_2: n6", "#7 380670002234_2: n7",
                                   "#8 380670002234_2: n8", "#9 380670002234_2: n9"));
  arguments_.count = -100;
  ASSERT_TRUE(Run(History, {kFriend}).ok());
  EXPECT_EQ(Lines().size(), 5u);
}

}  // namespace
}  // namespace chat::cli
