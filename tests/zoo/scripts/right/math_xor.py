import math, random
random.seed(4)

def sig(x): return 1/(1+math.exp(-x))

# 2-2-1 net, every weight has its own name
w1, w2, w3, w4, w5, w6 = [random.uniform(-1, 1) for _ in range(6)]
b1, b2, b3 = 0.1, -0.1, 0.2
data = [([0,0],0), ([0,1],1), ([1,0],1), ([1,1],0)]
lr = 0.5
for epoch in range(500):
    err = 0
    for (x1, x2), t in data:
        h1 = sig(w1*x1 + w2*x2 + b1)
        h2 = sig(w3*x1 + w4*x2 + b2)
        o = sig(w5*h1 + w6*h2 + b3)
        err += 0.5*(t-o)**2
        do = (o-t)*o*(1-o)
        dh1 = do*w5*h1*(1-h1)
        dh2 = do*w6*h2*(1-h2)
        w5 -= lr*do*h1
        w6 -= lr*do*h2
        b3 -= lr*do
        w1 -= lr*dh1*x1
        w2 -= lr*dh1*x2
        b1 -= lr*dh1
        w3 -= lr*dh2*x1
        w4 -= lr*dh2*x2
        b2 -= lr*dh2
    if epoch % 100 == 0: print(epoch, err)
