#include "http/net/task.hpp"

#include <array>
#include <new>

namespace synapse::net::detail {

#if defined(__SANITIZE_ADDRESS__)
// With recycling a use after free would go unseen.
void* allocate_frame(std::size_t size) {
  return ::operator new(size);
}
void release_frame(void* frame, std::size_t) noexcept {
  ::operator delete(frame);
}
#else

namespace {
constexpr std::size_t granularity = 256;
constexpr std::size_t classes = 16; // frames up to 4 KiB
constexpr unsigned max_kept = 256;  // per class and thread

struct free_frame {
  free_frame* next;
};

struct frame_cache {
  struct bin {
    free_frame* head = nullptr;
    unsigned count = 0;
  };
  std::array<bin, classes> bins;

  ~frame_cache() {
    for (auto& b : bins)
      while (b.head) {
        auto* frame = b.head;
        b.head = frame->next;
        ::operator delete(frame);
      }
  }
};

frame_cache& cache() {
  static thread_local frame_cache instance;
  return instance;
}

constexpr std::size_t class_of(std::size_t size) {
  return (size - 1) / granularity;
}
} // namespace

void* allocate_frame(std::size_t size) {
  auto c = class_of(size);
  if (c >= classes)
    return ::operator new(size);
  auto& b = cache().bins[c];
  if (!b.head)
    return ::operator new((c + 1) * granularity);
  auto* frame = b.head;
  b.head = frame->next;
  --b.count;
  return frame;
}

void release_frame(void* frame, std::size_t size) noexcept {
  auto c = class_of(size);
  if (c >= classes) {
    ::operator delete(frame);
    return;
  }
  auto& b = cache().bins[c];
  if (b.count >= max_kept) {
    ::operator delete(frame);
    return;
  }
  auto* item = static_cast<free_frame*>(frame);
  item->next = b.head;
  b.head = item;
  ++b.count;
}
#endif

} // namespace synapse::net::detail
