// For tests: the Redis of CHAT_TEST_REDIS, and a private one that may be killed, stopped and
// started again on its port.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

namespace chat::redis {

// Fails the test when CHAT_TEST_REDIS is not set.
class RedisTest : public ::testing::Test {
 protected:
  void SetUp() override;
  const std::string& address() const { return address_; }
  // A name that no other test uses.
  std::string Unique(const std::string& name);

 private:
  std::string address_;
};

// A redis-server of our own on a free port of loopback, in an empty folder without persistence.
class PrivateRedis {
 public:
  PrivateRedis();
  ~PrivateRedis();
  void Start();  // returns when it answers
  void Kill();   // as a crash does
  void Pause();  // it no longer answers, its connections stand
  void Resume();
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int port_ = 0;
  pid_t pid_ = -1;
};

// Something that another thread changes, and waiting for it.
template <typename T>
class Watched {
 public:
  void Change(const std::function<void(T&)>& change) {
    {
      std::lock_guard lock(mutex_);
      change(value_);
    }
    changed_.notify_all();
  }
  bool Await(const std::function<bool(const T&)>& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return holds(value_); });
  }
  T Get() {
    std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  T value_{};
};

}  // namespace chat::redis
