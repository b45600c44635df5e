import numpy as np

def nonlin(x, deriv=False):
    if deriv == True:
        return x*(1-x)
    return 1/(1+np.exp(-x))

inputs = np.array([[0,0,1],[0,1,1],[1,0,1],[1,1,1]])
wanted = np.array([[0],[1],[1],[0]])

np.random.seed(1)
synapse0 = 2*np.random.random((3,4)) - 1
synapse1 = 2*np.random.random((4,1)) - 1

for j in range(5000):
    layer0 = inputs
    layer1 = nonlin(np.dot(layer0, synapse0))
    layer2 = nonlin(np.dot(layer1, synapse1))

    layer2_error = wanted - layer2
    if (j % 1000) == 0:
        print("Error: " + str(np.mean(np.abs(layer2_error))))

    layer2_delta = layer2_error*nonlin(layer2, deriv=True)
    layer1_error = layer2_delta.dot(synapse1.T)
    layer1_delta = layer1_error * nonlin(layer1, deriv=True)

    synapse1 += layer1.T.dot(layer2_delta)
    synapse0 += layer0.T.dot(layer1_delta)
