// Do the same work on some threads, this one among them; each takes what the others have not.
template <class Work> static void on_threads(unsigned threads, Work work)
{
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i)
        others.emplace_back(work);
    work();
    for (std::thread &other : others)
        other.join();
}
