#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>

#include "libs/net/tcp_listener.h"

namespace chat::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Echoes until the peer ends; closes after "bye".
class Echo : public StreamHandler {
 public:
  Echo(std::shared_ptr<Stream> stream, std::promise<void>* ended)
      : stream_(std::move(stream)), ended_(ended) {
    stream_->Start(*this);
  }
  void OnData(std::string_view bytes) override {
    if (!stream_) return;
    stream_->Write(bytes.substr(0, bytes.starts_with("bye") ? 3 : bytes.size()));
    if (bytes.starts_with("bye")) {
      stream_->Close(1000);
      stream_.reset();
    }
  }
  void OnFlushed() override {}
  void OnEnd() override { ended_->set_value(); }

 private:
  std::shared_ptr<Stream> stream_;
  std::promise<void>* ended_;
};

class TcpTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_.Start();
    auto listener = TcpListener::Listen(loop_, "127.0.0.1:0", [this](std::shared_ptr<Stream> s) {
      echoes_.push_back(std::make_unique<Echo>(std::move(s), &ended_));
    });
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    client_.connect(
        {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(listener_->port())});
  }
  void TearDown() override {
    loop_.Post([this] { listener_->Stop(); });
    client_.close();
    loop_.Stop();
  }
  std::string Receive(size_t size) {
    std::string bytes(size, 0);
    asio::read(client_, asio::buffer(bytes));
    return bytes;
  }

  Loop loop_;
  std::unique_ptr<TcpListener> listener_;
  std::vector<std::unique_ptr<Echo>> echoes_;
  std::promise<void> ended_;
  asio::io_context context_;
  tcp::socket client_{context_};
};

TEST_F(TcpTest, WhatIsWrittenComesBack) {
  asio::write(client_, asio::buffer(std::string("hello")));
  EXPECT_EQ(Receive(5), "hello");
}

TEST_F(TcpTest, MoreThanTheKernelTakesAtOnceArrivesWhole) {
  const std::string sent(8 << 20, 'x');
  auto writing = std::async(std::launch::async, [&] { asio::write(client_, asio::buffer(sent)); });
  EXPECT_EQ(Receive(sent.size()), sent);
  writing.get();
}

TEST_F(TcpTest, CloseWritesOutWhatIsQueued) {
  asio::write(client_, asio::buffer(std::string("bye")));
  EXPECT_EQ(Receive(3), "bye");
  boost::system::error_code error;
  client_.shutdown(tcp::socket::shutdown_send, error);
  char more;
  EXPECT_EQ(client_.read_some(asio::buffer(&more, 1), error), 0u);
  EXPECT_EQ(error, asio::error::eof);
}

TEST_F(TcpTest, WhatThePeerStillSendsDoesNotCostItTheLastWords) {
  asio::write(client_, asio::buffer(std::string("bye")));
  boost::system::error_code error;
  const std::string more(1 << 20, 'x');
  asio::write(client_, asio::buffer(more), error);
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(Receive(3), "bye");
  client_.shutdown(tcp::socket::shutdown_send, error);
  std::string rest(1 << 20, 0);
  while (!error) client_.read_some(asio::buffer(rest), error);
  EXPECT_EQ(error, asio::error::eof);
}

TEST_F(TcpTest, TheOwnerHearsOfTheEnd) {
  asio::write(client_, asio::buffer(std::string("x")));
  Receive(1);
  client_.close();
  EXPECT_EQ(ended_.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(TcpListenerTest, ATakenOrMeaninglessAddressIsAnError) {
  Loop loop;
  EXPECT_FALSE(TcpListener::Listen(loop, "localhost", nullptr).ok());
  EXPECT_FALSE(TcpListener::Listen(loop, "127.0.0.1:99999", nullptr).ok());
  EXPECT_FALSE(TcpListener::Listen(loop, "192.0.2.1:0", nullptr).ok());
}

}  // namespace
}  // namespace chat::net
