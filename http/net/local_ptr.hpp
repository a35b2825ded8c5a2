/// @file
/// Shared ownership within one I/O thread: a reference count without atomics.
#pragma once

#include <cstddef>
#include <utility>

namespace synapse::net {

/// Base of objects that `local_ptr` owns. All copies of a pointer live on one thread.
class local_counted {
public:
  local_counted() = default;
  local_counted(const local_counted&) = delete;
  local_counted& operator=(const local_counted&) = delete;
  virtual ~local_counted() = default;

private:
  template <class T>
  friend class local_ptr;
  std::size_t references_ = 0;
};

template <class T>
class local_ptr {
public:
  local_ptr() = default;
  local_ptr(std::nullptr_t) {} // NOLINT(google-explicit-constructor): as std::shared_ptr
  explicit local_ptr(T* object) : object_(object) { retain(); }
  local_ptr(const local_ptr& other) : object_(other.object_) { retain(); }
  local_ptr(local_ptr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  local_ptr& operator=(local_ptr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~local_ptr() { release(); }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  void reset() noexcept { *this = local_ptr{}; }
  bool operator==(const local_ptr& other) const noexcept { return object_ == other.object_; }

private:
  void retain() noexcept {
    if (object_)
      ++object_->references_;
  }
  void release() noexcept {
    if (object_ && --object_->references_ == 0)
      delete object_;
  }
  T* object_ = nullptr;
};

template <class T, class... Args>
local_ptr<T> make_local(Args&&... args) {
  return local_ptr<T>{new T(std::forward<Args>(args)...)};
}

} // namespace synapse::net
